"""Measuring: memory and CPU of process trees from /proc, deadlines, percentiles, compiled bytecode."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

MB = 1_000_000
_TICKS = os.sysconf("SC_CLK_TCK")
_NOT_INHERITED = ("PYTHONDONTWRITEBYTECODE", "DAGSTER_HOME", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
T = TypeVar("T")


@dataclass(frozen=True)
class Memory:
    """Bytes. `private` belongs to one process alone, `pss` counts a shared page in parts."""

    pss: int = 0
    private: int = 0

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.pss + other.pss, self.private + other.private)

    @property
    def shared(self) -> int:
        return self.pss - self.private


def environ(**more: str) -> dict[str, str]:
    """What measured processes inherit: ours without what would change them (bytecode above all)."""
    return {**{key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}, **more}


def tree(*roots: int) -> list[int]:
    """The processes and all their descendants that are alive now."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (parent := _parent(int(entry))) is not None:
            children.setdefault(parent, []).append(int(entry))
    found, todo = [], list(roots)
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def memory(pids: Iterable[int]) -> Memory:
    """Summed over the processes; those that end meanwhile count as nothing."""
    return sum((_memory_of(pid) for pid in pids), Memory())


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time that the processes have used so far."""
    return sum(sum(map(int, fields[11:13])) / _TICKS for pid in pids if (fields := _stat(pid)))


def zombies(pids: Iterable[int]) -> list[int]:
    return [pid for pid in pids if (fields := _stat(pid)) and fields[0] == "Z"]


def multiply(sample: Memory, measured: int, wanted: int) -> Memory:
    """What `wanted` equal processes would take, from `measured`: private memory grows, shared stays."""
    private = sample.private * wanted // measured
    return Memory(private + sample.shared, private)


def _memory_of(pid: int) -> Memory:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return Memory()
    fields = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    return Memory(fields.get("Pss", 0), fields.get("Private_Clean", 0) + fields.get("Private_Dirty", 0))


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from `state` on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def start_ticks(pid: int) -> int | None:
    """With the pid it names a process for good; None if there is no such process, or only its corpse."""
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] != "Z" else None


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def wait_for(condition: Callable[[], T | None], what: str, deadline_s: float, every_s: float = 0.05) -> T:
    """The first true answer of `condition`; TimeoutError names what was waited for."""
    end = time.monotonic() + deadline_s
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {deadline_s:.0f} s")
        time.sleep(every_s)


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank: with 50 values p99 is the largest."""
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1))
    return ordered[int(rank)]


def compile_environment(python: str) -> None:
    """Compile what the interpreter's environment holds, so that no start pays for it."""
    ask = "import sysconfig, sys; print(sysconfig.get_path('purelib')); print(sys.implementation.cache_tag)"
    site, tag = _output(python, ask).splitlines()
    if not _lacks_bytecode(site, tag):
        return
    subprocess.run(
        [python, "-m", "compileall", "-q", "-j", "2", site], env=environ(), capture_output=True, check=False
    )


def _lacks_bytecode(site: str, tag: str) -> bool:
    """Whether some module has none; what cannot be compiled is tried each time, which is cheap."""
    for folder, _, names in os.walk(site):
        sources = [name for name in names if name.endswith(".py")]
        if sources and not os.path.isdir(f"{folder}/__pycache__"):
            return True
        if any(not os.path.exists(f"{folder}/__pycache__/{name[:-3]}.{tag}.pyc") for name in sources):
            return True
    return False


def python_version(python: str) -> tuple[int, int]:
    major, minor = _output(python, "import sys; print(*sys.version_info[:2])").split()
    return int(major), int(minor)


def dagster_version(python: str) -> str:
    return _output(python, "import importlib.metadata as m; print(m.version('dagster'))").strip()


def _output(python: str, code: str) -> str:
    return subprocess.run(
        [python, "-c", code], env=environ(), capture_output=True, text=True, check=True
    ).stdout


def say(text: str) -> None:
    """Talk goes to stderr: stdout is the result."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)
