"""Libraries that the other wheels use or change. An import of one changes nothing."""

from __future__ import annotations

from .wheel import Wheel

WHEELS = (
    Wheel(
        "plainlib",
        "has one of each thing that others may change",
        """
import contextvars, dataclasses, enum, functools, logging, threading

log = logging.getLogger("plainlib")
REGISTRY, NAMES, ORDER = {}, set(), []
current = contextvars.ContextVar("current", default=None)
local = threading.local()

def greet(name="you", tags=[], *, mark="!"):
    return "hello " + name + mark

def counter(step):
    def count(number):
        return number + step
    return count

by_one = counter(1)

@functools.singledispatch
def describe(value):
    return "a thing"

class Meta(type):
    def __setattr__(cls, name, value):
        super().__setattr__(name, value)

class Made(metaclass=Meta):
    size = 1

class Account:
    currency = "EUR"

    @property
    def balance(self):
        return 0

    @classmethod
    def open(cls):
        return cls()

    def close(self):
        return None

class Mixin:
    pass

class Base:
    pass

class Child(Base):
    pass

class Deck:
    def __len__(self):
        return 52

    def __getitem__(self, at):
        return at

class Outer:
    class Inner:
        depth = 2

class Colour(enum.Enum):
    RED = 1

@dataclasses.dataclass
class Point:
    x: int = 0
    tags: list = dataclasses.field(default_factory=list)

class Settings:
    def __init__(self):
        self.verbose, self.limits = False, {"rows": 10}

class Slotted:
    __slots__ = ("level",)

    def __init__(self):
        self.level = 1

settings, slotted = Settings(), Slotted()
""",
        {
            "plainlib/extra.py": "def useful():\n    return 1\n",
            "plainlib/rare.py": "VALUE = 1\n",
        },
    ),
    Wheel(
        "countlib",
        "writes a line into a file, if it is told of one",
        """
import os

if os.environ.get("CORPUS_COUNT"):
    with open(os.environ["CORPUS_COUNT"], "a") as file:
        file.write("imported")
        file.write(chr(10))
""",
    ),
    Wheel(
        "patcherlib",
        "patches what it is asked to patch, when it is asked",
        """
import json, select

def patch_all():
    json.loads, json.patched_by = _loads(json.loads), "patcherlib"

def _loads(real):
    return lambda text, **named: real(text, **named)
""",
    ),
    Wheel(
        "setuplib",
        "sets up its caller's process in a module that it imports only then",
        "def setup():\n    from setuplib import deep\n    deep.apply()\n",
        {
            "setuplib/deep.py": "import textwrap\n\ndef apply():\n    textwrap.dedent = lambda text: text\n",
        },
    ),
)
