"""What the container's files and /proc say, as the pack host cannot see it."""

from __future__ import annotations

import os

from .agent_children import variables

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_LISTEN = b"0A"


def _read(path: str) -> bytes:
    """Nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _stat(pid: int) -> list[bytes]:
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def memory(pid: int) -> str | None:
    """As smaps_rollup has it, and the most that it ever had (VmHWM)."""
    found = _read(f"/proc/{pid}/smaps_rollup").decode("ascii", "replace")
    peak = [line for line in _read(f"/proc/{pid}/status").split(b"\n") if line.startswith(b"VmHWM:")]
    return found + "".join(line.decode("ascii", "replace") + "\n" for line in peak) if found else None


def resident_bytes(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE_BYTES if len(fields) > 1 else 0


def cpu_seconds(pid: int) -> float | None:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else None


def session(leader: int) -> dict[str, str]:
    """Living processes of the session that `leader` made: pid -> command line."""
    found = {}
    for pid in _pids():
        fields = _stat(pid)
        if fields and fields[0] not in (b"Z", b"X") and int(fields[3]) == leader:
            found[str(pid)] = _read(f"/proc/{pid}/cmdline").decode("latin-1")
    return found


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def ports(leader: int) -> list[int]:
    """TCP ports on which the processes of a session listen."""
    sockets = set()
    for pid in session(leader):
        sockets.update(_sockets(pid))
    found = set()
    for table in ("tcp", "tcp6"):
        for row in _read(f"/proc/{leader}/net/{table}").splitlines()[1:]:
            fields = row.split()
            if fields[3] == _LISTEN and fields[9] in sockets:
                found.add(int(fields[1].rpartition(b":")[2], 16))
    return sorted(found)


def _sockets(pid: str) -> list[bytes]:
    """Inodes of the sockets that a process has open."""
    found = []
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return []
    for name in names:
        try:
            to = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if to.startswith("socket:["):
            found.append(to[8:-1].encode())
    return found


def interpreter(name: str = "") -> str:
    """The path of the Python that is called `name`; without a name that of the `dagster` command, else `python3`.
    "" where there is none."""
    if name:
        return _program(name)
    return _of_script(_program("dagster")) or _program("python3") or _program("python")


def _program(name: str) -> str:
    """Its path, as a shell in this container would find it."""
    if "/" in name:
        return name if os.access(name, os.X_OK) else ""
    for folder in os.fsdecode(variables().get(b"PATH", b"")).split(os.pathsep):
        path = os.path.join(folder, name)
        if folder and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


def _of_script(path: str) -> str:
    """The interpreter in the first lines of a Python script; "" where there is none, or it is not a script."""
    try:
        with open(path, "rb") as file:
            first, second = file.readline(4096), file.readline(4096)
    except OSError:
        return ""
    words = os.fsdecode(first[2:]).split() if first.startswith(b"#!") else []
    if not words:
        return ""
    if os.path.basename(words[0]) == "env":
        names = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        return _program(names[0]) if names else ""
    if os.path.basename(words[0]) in ("sh", "bash"):
        return _program(_executed(os.fsdecode(second)))
    return _program(words[0])


def _executed(line: str) -> str:
    """Of `'''exec' "PYTHON" "$0" "$@"`, as installers write it where a path is too long for a first line."""
    _, found, rest = line.partition("'''exec' ")
    if not found:
        return ""
    return rest[1:].partition('"')[0] if rest.startswith('"') else rest.split()[0]


def own_names(folders: list[str]) -> list[str]:
    """The top-level modules in these folders, and in those of PYTHONPATH."""
    given = os.fsdecode(variables().get(b"PYTHONPATH", b"")).split(os.pathsep)
    return sorted({name for folder in (*folders, *given) if folder for name in _modules(folder)})


def _modules(folder: str) -> list[str]:
    """A folder without `__init__.py` hides nothing that is installed."""
    found = []
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    for name in names:
        stem, dot, ending = name.partition(".")
        if ending.endswith(("py", "so")) or (not dot and os.path.isfile(f"{folder}/{name}/__init__.py")):
            found.append(stem)
    return found
