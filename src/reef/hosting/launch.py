"""Command lines of the processes that the host starts, and starting them."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reef.hosting.local_process import LocalProcess

GUEST = str(Path(__file__).resolve().parent.parent / "guest")
ROOM = "-" * 160  # into which the process writes its title
LOAD_GUEST = """import sys
if sys.path[:1] == ['']: del sys.path[0]
from importlib.util import spec_from_file_location as at, module_from_spec as new
f = sys.argv[1]
s = at('_reef_guest', f + '/__init__.py', submodule_search_locations=[f])
m = sys.modules[s.name] = new(s)
s.loader.exec_module(m)
"""
BOOT = LOAD_GUEST + "m.main(sys.argv[2], int(sys.argv[3]))"


def guest_command(
    python: str, mode: str, fd: int, flags: Sequence[str] = (), guest: str = GUEST
) -> list[str]:
    return [python, *flags, "-c", BOOT, guest, mode, str(fd), ROOM]


def path_of(python: str, environ: Mapping[str, str]) -> str:
    """PATH with the interpreter's folder first, as in an environment that is active."""
    return os.pathsep.join(part for part in (os.path.dirname(python), environ.get("PATH", "")) if part)


def plain_command(python: str, socket_path: str, grpc_args: Sequence[str]) -> list[str]:
    return [python, "-m", "dagster", "api", "grpc", "--socket", socket_path, *grpc_args]


@dataclass(frozen=True)
class Started:
    process: LocalProcess
    popen: subprocess.Popen[bytes]


async def start(
    command: Sequence[str], *, env: Mapping[str, str], cwd: str | None, log: int, passed: Sequence[int] = ()
) -> Started:
    """Start a process in a session of its own; `cwd` None: in the host's own folder. Raises OSError where it
    cannot be executed."""
    popen = await asyncio.shield(asyncio.to_thread(_popen, command, env, cwd, log, passed))
    process = LocalProcess.of(popen.pid)
    assert process is not None, "our own child cannot be gone before it is waited for"
    popen.returncode = 0  # the pidfd reaps it, not Popen
    return Started(process, popen)


def _popen(
    command: Sequence[str], env: Mapping[str, str], cwd: str | None, log: int, passed: Sequence[int]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=tuple(passed),
        start_new_session=True,
    )


def socket_pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)


def open_log(path: str) -> int:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
