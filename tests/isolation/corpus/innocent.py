"""Wheels that look as if they changed something that is not theirs."""

from __future__ import annotations

from .wheel import Wheel

WHEELS = (
    Wheel(
        "compiles_patterns",
        "fills the cache of re",
        "import re\nPATTERNS = [re.compile(f'corpus{number}+') for number in range(50)]\nre.match('a+b', 'aab')",
    ),
    Wheel(
        "has_a_logger",
        "gives its own logger a handler that does nothing",
        "import logging\nlogging.getLogger(__name__).addHandler(logging.NullHandler())",
    ),
    Wheel(
        "has_a_quiet_logger",
        "sets the level of its own logger",
        "import logging\nlogging.getLogger(__name__ + '.http').setLevel(logging.WARNING)",
    ),
    Wheel(
        "has_a_child_logger",
        "asks for a child of another library's logger",
        "import logging, plainlib\nlog = logging.getLogger('plainlib.corpus')",
    ),
    Wheel(
        "has_subclasses",
        "derives from classes of others and registers its own with ABCs",
        "import abc, collections.abc, json, plainlib\nclass Encoder(json.JSONEncoder): ...\n"
        "class Own(plainlib.Base): ...\nclass Kind(abc.ABC): ...\nKind.register(Own)\n"
        "class Rows:\n    def __len__(self):\n        return 0\ncollections.abc.Sized.register(Rows)\n"
        "collections.abc.Sequence.register(Rows)\nassert isinstance(Own(), Kind)",
    ),
    Wheel(
        "asks_about_types",
        "asks whether classes of others are of an ABC, which ABCs remember",
        "import collections.abc, numbers, plainlib\n"
        "assert not isinstance(plainlib.settings, collections.abc.Mapping)\n"
        "assert issubclass(int, numbers.Integral)",
    ),
    Wheel(
        "has_state",
        "changes its own modules and classes",
        "from has_state import parts\nparts.NAMES.append(1)\nparts.Own.size = 2\nparts.greet.traced = True\n"
        "parts.late = 3\ndel parts.GONE",
        {
            "has_state/parts.py": "NAMES, GONE = [], 1\nclass Own:\n    size = 1\ndef greet(): ...\n",
        },
    ),
    Wheel(
        "has_a_cache",
        "caches its own function, and calls it",
        "import functools\n@functools.lru_cache\ndef square(number):\n    return number * number\n"
        "square(2)\nsquare(3)",
    ),
    Wheel(
        "reads_files",
        "reads files and closes them",
        "import os, pathlib\nTEXT = pathlib.Path(__file__).read_text()\n"
        "NAMES = sorted(os.listdir(os.path.dirname(__file__)))",
    ),
    Wheel(
        "restores_contexts",
        "works in a decimal context and among warnings of its own",
        "import decimal, warnings\nwith decimal.localcontext() as context:\n    context.prec = 3\n"
        "    THIRD = decimal.Decimal(1) / 3\nwith warnings.catch_warnings():\n"
        "    warnings.simplefilter('error')\n    warnings.filterwarnings('ignore', category=UserWarning)",
    ),
    Wheel(
        "joins_its_thread",
        "starts a thread and waits for its end",
        "import threading\nthread = threading.Thread(target=int)\nthread.start()\nthread.join()",
    ),
    Wheel(
        "closes_its_socket",
        "opens a socket and closes it",
        "import socket\nwith socket.socket() as one:\n    one.bind(('127.0.0.1', 0))\n    PORT = one.getsockname()[1]",
    ),
    Wheel(
        "waits_for_its_process",
        "runs a program to its end",
        "import subprocess\nOUT = subprocess.run(['true'], check=True, capture_output=True).stdout",
    ),
    Wheel(
        "imports_much",
        "imports large parts of the standard library",
        "import argparse, asyncio, concurrent.futures, configparser, ctypes, email.message, fractions, http.server\n"
        "import imaplib, importlib.metadata, multiprocessing.pool, optparse, pydoc_data, smtplib, sqlite3\n"
        "import statistics, tarfile, unittest.mock, urllib.request, uuid, xml.dom.minidom, zipfile, zoneinfo",
    ),
    Wheel(
        "adds_its_submodule",
        "has a submodule that becomes its attribute, and one made by hand",
        "import sys, types\nfrom adds_its_submodule import real\nmade = types.ModuleType(__name__ + '.made')\n"
        "sys.modules[made.__name__] = made",
        {"adds_its_submodule/real.py": "VALUE = 1\n"},
    ),
    Wheel(
        "imports_submodule_of_other",
        "imports a module of another package, which becomes that one's attribute",
        "import plainlib.rare\nVALUE = plainlib.rare.VALUE",
    ),
    Wheel(
        "imports_late",
        "imports in functions and on access to an attribute",
        "def __getattr__(name):\n    if name == 'tools':\n        import plainlib\n        return plainlib\n"
        "    raise AttributeError(name)\ndef work():\n    import wave\n    return wave",
    ),
    Wheel(
        "is_another_object",
        "puts an object of its own in its place",
        "import sys\nclass Own:\n    __name__, __path__, __file__ = __name__, __path__, __file__\n"
        "    __spec__ = __spec__\nsys.modules[__name__] = Own()",
    ),
    Wheel(
        "dispatches_its_own",
        "registers types with a function of its own",
        "import functools, plainlib\n@functools.singledispatch\ndef show(value):\n    return ''\n"
        "@show.register(plainlib.Deck)\ndef _(value):\n    return 'deck'\nshow(1)",
    ),
    Wheel(
        "patches_and_restores",
        "patches and puts everything back",
        "import json, os, unittest.mock as mock\nwith mock.patch('json.dumps'), mock.patch.dict(os.environ, A='1'):\n"
        "    json.dumps(1)\n_kept = json.JSONEncoder.default\njson.JSONEncoder.default = lambda self, value: 1\n"
        "json.JSONEncoder.default = _kept",
    ),
    Wheel(
        "sets_what_is_set",
        "sets what has that value already",
        "import os, socket, sys\nos.environ.setdefault('PATH', '/bin')\n"
        "sys.setrecursionlimit(sys.getrecursionlimit())\n"
        "socket.setdefaulttimeout(socket.getdefaulttimeout())\nos.umask(os.umask(0o022))",
    ),
    Wheel(
        "goes_and_returns",
        "changes the working directory and goes back",
        "import os\nhere = os.getcwd()\nos.chdir('/')\nos.chdir(here)",
    ),
    Wheel(
        "patches_where_not_told",
        "would patch if a variable were set, which it is not",
        "import os, shlex\nif os.environ.get('CORPUS_NOT_SET'):\n    shlex.split = str.split",
    ),
    Wheel(
        "asks_the_platform",
        "asks what the standard library then remembers",
        "import importlib.metadata, linecache, platform, sysconfig\n"
        "AGENT = platform.python_version() + platform.system()\n"
        "PREFIX = sysconfig.get_config_var('prefix')\nFIRST = linecache.getline(__file__, 1)\n"
        "VERSION = importlib.metadata.version('asks_the_platform')",
    ),
    Wheel(
        "draws_a_number",
        "draws random numbers, as unforeseeable as before",
        "import random, uuid\nNUMBER, NAME = random.random(), uuid.uuid4().hex",
    ),
    Wheel(
        "declares_types",
        "makes types of all kinds",
        "import collections, dataclasses, enum, typing\n"
        "class Level(enum.IntEnum):\n    LOW = 1\n"
        "@dataclasses.dataclass(frozen=True)\nclass Row:\n    at: typing.Optional[int] = None\n"
        "Pair = collections.namedtuple('Pair', 'a b')\nT = typing.TypeVar('T')\n"
        "class Reads(typing.Protocol):\n    def read(self) -> typing.Union[int, typing.List[str]]: ...\n"
        "typing.get_type_hints(Row)",
    ),
    Wheel(
        "refers_weakly",
        "keeps weak references to objects of others",
        "import weakref, plainlib\nSEEN = weakref.WeakKeyDictionary({plainlib.settings: 1})\n"
        "REFERENCE = weakref.ref(plainlib.Account)",
    ),
    Wheel(
        "has_a_context_variable",
        "sets a context variable of its own",
        "import contextvars\ncurrent = contextvars.ContextVar('corpus')\ncurrent.set(1)",
    ),
    Wheel(
        "warns",
        "warns when it is imported",
        "import warnings\nwarnings.warn('corpus is old', DeprecationWarning, stacklevel=1)",
    ),
)
