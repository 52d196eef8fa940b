"""Wheels that change other modules."""

from __future__ import annotations

from .wheel import Wheel

WHEELS = (
    Wheel(
        "replaces_function",
        "wraps socket.getaddrinfo",
        "import socket\n_real = socket.getaddrinfo\nsocket.getaddrinfo = lambda *a, **k: _real(*a, **k)",
    ),
    Wheel("adds_to_c_module", "adds math.half_pi", "import math\nmath.half_pi = math.pi / 2"),
    Wheel("deletes_attribute", "deletes string.capwords", "import string\ndel string.capwords"),
    Wheel(
        "replaces_a_plain_value",
        "raises http.client's limit of headers",
        "import http.client\nhttp.client._MAXHEADERS = 1000",
    ),
    Wheel(
        "patches_third_party",
        "replaces a function of a third-party module",
        "import plainlib\nplainlib.greet = lambda name='you': 'hi ' + name",
    ),
    Wheel(
        "adds_module_getattr",
        "gives another module a __getattr__",
        "import plainlib.extra\nplainlib.extra.__getattr__ = lambda name: None",
    ),
    Wheel(
        "changes_module_class",
        "makes another module an instance of its own class",
        "import types, plainlib.extra\n"
        "class Lazy(types.ModuleType):\n    late = 1\n"
        "plainlib.extra.__class__ = Lazy",
    ),
    Wheel(
        "extends_package_path",
        "appends to the __path__ of another package",
        "import plainlib\nplainlib.__path__.append('/opt/nowhere/plainlib')",
    ),
    Wheel(
        "reloads_a_module",
        "loads another module a second time",
        "import importlib, plainlib.extra\nimportlib.reload(plainlib.extra)",
    ),
    Wheel(
        "replaces_in_sys_modules",
        "puts another module in the place of one of the standard library",
        "import sys, types, colorsys\n"
        "new = types.ModuleType('colorsys')\nvars(new).update(vars(colorsys))\nsys.modules['colorsys'] = new",
    ),
    Wheel(
        "adds_an_alias",
        "enters json under a second, free name",
        "import json, sys\nsys.modules['rapidjson_like'] = json",
    ),
    Wheel(
        "blocks_a_module",
        "forbids the import of a module that is not loaded yet",
        "import sys\nsys.modules['sndhdr_like'] = None",
    ),
    Wheel("adds_a_builtin", "adds builtins.note", "import builtins\nbuiltins.note = print"),
    Wheel(
        "replaces_open",
        "replaces builtins.open",
        "import builtins\n_real = builtins.open\nbuiltins.open = lambda *a, **k: _real(*a, **k)",
    ),
    Wheel(
        "replaces_import",
        "replaces builtins.__import__",
        "import builtins\n_real = builtins.__import__\nbuiltins.__import__ = lambda *a, **k: _real(*a, **k)",
    ),
    Wheel(
        "installs_gettext",
        "installs _ as a builtin through gettext",
        "import gettext\ngettext.NullTranslations().install()",
    ),
    Wheel(
        "replaces_ssl_context",
        "makes HTTPS unverified",
        "import ssl\nssl._create_default_https_context = ssl._create_unverified_context",
    ),
    Wheel("sets_typing_flag", "sets typing.TYPE_CHECKING", "import typing\ntyping.TYPE_CHECKING = True"),
    Wheel(
        "patches_new_event_loop",
        "replaces asyncio.new_event_loop",
        "import asyncio\n_real = asyncio.new_event_loop\nasyncio.new_event_loop = lambda: _real()",
    ),
    Wheel(
        "patches_in_submodule",
        "patches json.dumps in a submodule that it imports",
        "from patches_in_submodule import api",
        {
            "patches_in_submodule/api.py": "from patches_in_submodule._compat import install\n",
            "patches_in_submodule/_compat.py": "import json\n_real = json.dumps\n"
            "def install(): ...\njson.dumps = lambda *a, **k: _real(*a, **k)\n",
        },
    ),
    Wheel(
        "calls_a_patcher",
        "calls a library that patches only when it is called",
        "import patcherlib\npatcherlib.patch_all()",
    ),
    Wheel(
        "calls_a_late_patcher",
        "calls a library whose patching module is loaded by the call",
        "import setuplib\nsetuplib.setup()",
    ),
    Wheel(
        "patches_where_told",
        "patches where a variable is set, which it is",
        "import os, shlex\nif os.environ.get('CORPUS_PATCHES'):\n    shlex.split = str.split",
    ),
    Wheel(
        "masked_first",
        "sets what masked_second sets, to the same value",
        "import http.client\nhttp.client.HTTPConnection.debuglevel = 1",
    ),
    Wheel(
        "masked_second",
        "sets what masked_first sets, to the same value",
        "import http.client\nhttp.client.HTTPConnection.debuglevel = 1",
    ),
    Wheel(
        "patches_unless_patched_a",
        "patches unless somebody has done so",
        "import base64\nif not hasattr(base64, 'fast'):\n    base64.fast = True",
    ),
    Wheel(
        "patches_unless_patched_b",
        "patches unless somebody has done so",
        "import base64\nif not hasattr(base64, 'fast'):\n    base64.fast = True",
    ),
    Wheel(
        "restores_half",
        "patches two functions and puts back one",
        "import bisect\na, b = bisect.bisect_left, bisect.bisect_right\n"
        "bisect.bisect_left = bisect.bisect_right = lambda *a: 0\nbisect.bisect_left = a",
    ),
    Wheel(
        "fails_after_patching",
        "patches, then cannot be imported; who imports it catches that",
        "try:\n    from fails_after_patching import accelerated\nexcept ImportError:\n    accelerated = None",
        {
            "fails_after_patching/accelerated.py": "import heapq\nheapq.merge = sorted\n"
            "import no_such_accelerator\n"
        },
    ),
)
