"""Wheels that change functions of others without replacing them."""

from __future__ import annotations

from .wheel import Wheel

WHEELS = (
    Wheel(
        "changes_defaults",
        "changes __defaults__",
        "import plainlib\nplainlib.greet.__defaults__ = ('all', [])",
    ),
    Wheel(
        "changes_keyword_defaults",
        "changes one of __kwdefaults__ in place",
        "import plainlib\nplainlib.greet.__kwdefaults__['mark'] = '?'",
    ),
    Wheel(
        "changes_default_list",
        "appends to a list that is a default",
        "import plainlib\nplainlib.greet.__defaults__[1].append('seen')",
    ),
    Wheel(
        "changes_code",
        "gives a function other code",
        "import plainlib\n"
        "def useful():\n    return 2\n"
        "import plainlib.extra\nplainlib.extra.useful.__code__ = useful.__code__",
    ),
    Wheel(
        "marks_a_function",
        "sets an attribute of a function",
        "import plainlib\nplainlib.counter.traced = True",
    ),
    Wheel(
        "changes_a_closure",
        "changes what a function has closed over",
        "import plainlib\nplainlib.by_one.__closure__[0].cell_contents = 10",
    ),
    Wheel(
        "changes_a_method",
        "changes the defaults of a method",
        "import argparse\nargparse.ArgumentParser.exit.__defaults__ = (3, None)",
    ),
    Wheel(
        "registers_dispatch",
        "registers somebody's function for somebody's type",
        "import plainlib\nplainlib.describe.register(int, lambda value: 'a number')",
    ),
    Wheel(
        "caches_for_others",
        "puts a cache around a function of the standard library",
        "import functools, fnmatch\nfnmatch.filter = functools.lru_cache(fnmatch.filter)",
    ),
)
