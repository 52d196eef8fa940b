"""Wheels that change the interpreter: its hooks, its limits, its memory."""

from __future__ import annotations

from .wheel import Wheel

_PASSES = "\nclass Own:\n    def find_spec(self, name, path=None, target=None):\n        return None\n"

WHEELS = (
    Wheel("extends_sys_path", "appends to sys.path", "import sys\nsys.path.append('/opt/nowhere/lib')"),
    Wheel("adds_a_finder", "adds a finder", f"import sys{_PASSES}sys.meta_path.append(Own())"),
    Wheel(
        "adds_a_path_hook",
        "adds a path hook",
        "import sys\ndef hook(path):\n    raise ImportError(path)\nsys.path_hooks.append(hook)",
    ),
    Wheel(
        "sets_excepthook",
        "replaces sys.excepthook",
        "import sys\n_real = sys.excepthook\nsys.excepthook = lambda *a: _real(*a)",
    ),
    Wheel("sets_displayhook", "replaces sys.displayhook", "import sys\nsys.displayhook = lambda value: None"),
    Wheel(
        "sets_breakpointhook",
        "replaces sys.breakpointhook",
        "import sys\nsys.breakpointhook = lambda *a: None",
    ),
    Wheel(
        "sets_unraisablehook",
        "replaces sys.unraisablehook",
        "import sys\nsys.unraisablehook = lambda value: None",
    ),
    Wheel(
        "sets_thread_excepthook",
        "replaces threading.excepthook",
        "import threading\nthreading.excepthook = lambda args: None",
    ),
    Wheel(
        "wraps_stdout",
        "wraps sys.stdout",
        "import sys\nclass Tee:\n    def __init__(self, inner):\n        self._inner = inner\n"
        "    def __getattr__(self, name):\n        return getattr(self._inner, name)\nsys.stdout = Tee(sys.stdout)",
    ),
    Wheel("sets_recursion_limit", "sets the recursion limit", "import sys\nsys.setrecursionlimit(4321)"),
    Wheel("sets_switch_interval", "sets the switch interval", "import sys\nsys.setswitchinterval(0.001)"),
    Wheel(
        "sets_int_digits",
        "sets how many digits an integer's text may have",
        "import sys\nsys.set_int_max_str_digits(10000)",
    ),
    Wheel("sets_trace", "traces", "import sys\nsys.settrace(lambda *a: None)"),
    Wheel("sets_profile", "profiles", "import sys\nsys.setprofile(lambda *a: None)"),
    Wheel(
        "traces_threads", "traces threads to come", "import threading\nthreading.settrace(lambda *a: None)"
    ),
    Wheel(
        "sets_stack_size", "sets the stack size of threads", "import threading\nthreading.stack_size(1 << 20)"
    ),
    Wheel(
        "tracks_coroutines",
        "has coroutines remember where they came from",
        "import sys\nsys.set_coroutine_origin_tracking_depth(3)",
    ),
    Wheel(
        "sets_asyncgen_hooks",
        "sets hooks for asynchronous generators",
        "import sys\nsys.set_asyncgen_hooks(firstiter=lambda generator: None)",
    ),
    Wheel(
        "adds_an_audit_hook", "adds an audit hook", "import sys\nsys.addaudithook(lambda event, args: None)"
    ),
    Wheel(
        "moves_bytecode", "has bytecode kept elsewhere", "import sys\nsys.pycache_prefix = '/proc/nowhere'"
    ),
    Wheel("extends_argv", "appends to sys.argv", "import sys\nsys.argv.append('--corpus')"),
    Wheel("disables_gc", "switches the collector off", "import gc\ngc.disable()"),
    Wheel("sets_gc_threshold", "sets when it collects", "import gc\ngc.set_threshold(50_000, 20, 100)"),
    Wheel(
        "adds_a_gc_callback", "adds a callback", "import gc\ngc.callbacks.append(lambda phase, info: None)"
    ),
    Wheel("debugs_gc", "has the collector keep what it finds", "import gc\ngc.set_debug(gc.DEBUG_SAVEALL)"),
    Wheel("traces_memory", "traces memory", "import tracemalloc\ntracemalloc.start()"),
    Wheel("enables_faulthandler", "enables the fault handler", "import faulthandler\nfaulthandler.enable()"),
    Wheel("seeds_random", "seeds the random numbers", "import random\nrandom.seed(42)"),
    Wheel("sets_decimal", "sets the decimal context", "import decimal\ndecimal.getcontext().prec = 6"),
    Wheel(
        "sets_decimal_default",
        "sets the context of threads to come",
        "import decimal\ndecimal.DefaultContext.rounding = decimal.ROUND_DOWN",
    ),
)
