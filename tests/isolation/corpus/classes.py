"""Wheels that change classes of others, and objects that others hold."""

from __future__ import annotations

from .wheel import Wheel

WHEELS = (
    Wheel(
        "patches_json_encoder",
        "replaces json.JSONEncoder.default",
        "import json\njson.JSONEncoder.default = lambda self, value: str(value)",
    ),
    Wheel(
        "patches_logger_class",
        "wraps logging.Logger.makeRecord",
        "import logging\n_real = logging.Logger.makeRecord\n"
        "logging.Logger.makeRecord = lambda self, *a, **k: _real(self, *a, **k)",
    ),
    Wheel(
        "patches_nested_class",
        "sets an attribute of a class in a class",
        "import plainlib\nplainlib.Outer.Inner.depth = 3",
    ),
    Wheel(
        "patches_metaclassed",
        "sets an attribute of a class that has a metaclass",
        "import plainlib\nplainlib.Made.size = 2",
    ),
    Wheel(
        "patches_metaclass",
        "adds a method to a metaclass",
        "import plainlib\nplainlib.Meta.__call__ = lambda cls, *a, **k: type.__call__(cls, *a, **k)",
    ),
    Wheel(
        "replaces_property",
        "replaces a property",
        "import plainlib\nplainlib.Account.balance = property(lambda self: 1)",
    ),
    Wheel("deletes_method", "deletes a method", "import plainlib\ndel plainlib.Account.close"),
    Wheel(
        "changes_bases",
        "gives a class another base",
        "import plainlib\nplainlib.Child.__bases__ = (plainlib.Mixin, plainlib.Base)",
    ),
    Wheel(
        "changes_enum",
        "adds a member to an enumeration",
        "import plainlib\nmember = object.__new__(plainlib.Colour)\n"
        "member._name_, member._value_ = 'BLUE', 2\n"
        "plainlib.Colour._member_map_['BLUE'] = member\nplainlib.Colour._value2member_map_[2] = member",
    ),
    Wheel(
        "changes_dataclass",
        "changes the default of a dataclass's field",
        "import plainlib\nplainlib.Point.__dataclass_fields__['x'].default = 5",
    ),
    Wheel(
        "registers_with_abc",
        "registers somebody's class with somebody else's ABC",
        "import collections.abc, plainlib\ncollections.abc.Sequence.register(plainlib.Deck)",
    ),
    Wheel(
        "patches_builtin_class",
        "adds a method to str",
        "import gc, ctypes\ngc.get_referents(str.__dict__)[0]['shout'] = lambda self: self.upper()\n"
        "ctypes.pythonapi.PyType_Modified(ctypes.py_object(str))",
    ),
    Wheel(
        "changes_an_instance",
        "sets an attribute of an object that another module holds",
        "import plainlib\nplainlib.settings.verbose = True",
    ),
    Wheel(
        "changes_deeper",
        "changes a dict in an object that another module holds",
        "import plainlib\nplainlib.settings.limits['rows'] = 99",
    ),
    Wheel(
        "changes_a_slot",
        "sets a slot of an object that another module holds",
        "import plainlib\nplainlib.slotted.level = 9",
    ),
    Wheel(
        "changes_json_default_encoder",
        "makes the encoder that json.dumps uses write letters as they are",
        "import json\njson._default_encoder.ensure_ascii = False",
    ),
    Wheel(
        "changes_repr_limits", "lengthens reprlib's texts", "import reprlib\nreprlib.aRepr.maxstring = 500"
    ),
    Wheel("sets_first_weekday", "lets weeks begin on Sunday", "import calendar\ncalendar.setfirstweekday(6)"),
    Wheel(
        "patches_pickler",
        "adds to the dispatch table of pickle's Python class",
        "import pickle, plainlib\npickle._Pickler.dispatch[plainlib.Deck] = lambda self, deck: None",
    ),
)
