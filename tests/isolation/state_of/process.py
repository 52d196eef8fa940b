"""The process as the kernel and the C library see it."""

from __future__ import annotations

import ctypes
import locale
import os
import re
import resource
import signal
import socket
import time

from . import objects

CATEGORIES = ("LC_CTYPE", "LC_COLLATE", "LC_TIME", "LC_MONETARY", "LC_MESSAGES", "LC_NUMERIC")
TIMERS = ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")


def state() -> dict[str, str]:
    found = {
        **{f"locale {name}": str(locale.setlocale(getattr(locale, name))) for name in CATEGORIES},
        **{f"timer {name}": str(bool(signal.getitimer(getattr(signal, name))[0])) for name in TIMERS},
        **{
            f"signal {number}": objects.function(signal.getsignal(number))
            for number in signal.valid_signals()
        },
        **{f"limit {name}": str(resource.getrlimit(number)) for name, number in _limits()},
        **{f"variable {name}": value for name, value in os.environ.items()},
        **{f"C's variable {name}": value for name, value in _environ().items()},
        **_status(),
        "socket timeout": str(socket.getdefaulttimeout()),
        "wakeup fd": str(_wakeup_fd() != -1),
        "umask": oct(_umask()),
        "folder": os.getcwd(),
        "zone": str(time.localtime(0).tm_gmtoff),
        "priority": f"{os.getpriority(os.PRIO_PROCESS, 0)} {sorted(os.sched_getaffinity(0))}",
        "files": " ".join(_files()),
        "children": _read("/proc/thread-self/children").strip() and "some",
    }
    return {f"process.{name}": text for name, text in found.items()}


def _limits() -> list[tuple[str, int]]:
    return [(name, getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")]


def _status() -> dict[str, str]:
    kept = ("SigBlk", "SigIgn", "SigCgt", "Threads", "NoNewPrivs", "Seccomp")
    lines = (line.split(":", 1) for line in _read("/proc/self/status").splitlines())
    return {f"kernel {name}": _without_libc_s(name, value.strip()) for name, value in lines if name in kept}


def _without_libc_s(name: str, value: str) -> str:
    """The C library handles signals 32 and 33 from the first thread on."""
    return f"{int(value, 16) & ~(3 << 31):x}" if name.startswith("Sig") else value


def _files() -> list[str]:
    """What is open besides the standard streams."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue  # that of the listing
        if int(number) > 2:
            found.append(re.sub(r"\[\d+\]", "", target))
    return sorted(found)


def _environ() -> dict[str, str]:
    """The C library's, which `os.putenv` changes and `os.environ` does not show."""
    rows = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    found, number = {}, 0
    while rows and rows[number] is not None:
        name, _, value = rows[number].decode(errors="replace").partition("=")
        found[name] = value
        number += 1
    return found


def _wakeup_fd() -> int:
    try:
        number = signal.set_wakeup_fd(-1)
    except ValueError:  # not the main thread
        return -1
    if number != -1:
        signal.set_wakeup_fd(number)
    return number


def _umask() -> int:
    for line in _read("/proc/self/status").splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return -1


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
