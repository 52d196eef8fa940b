"""Processes that end with whoever started them."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.errors import LabError

_TOLD_LINES = 15


def start(command: Sequence[str | Path], log: Path, *, with_parent: bool = True) -> subprocess.Popen[bytes]:
    """Its output goes to `log`. `with_parent`: the kernel ends it when the thread that called this ends."""
    through = ["setpriv", "--pdeathsig", "KILL"] if with_parent else []
    with log.open("ab") as output:
        return subprocess.Popen(
            [*through, *map(str, command)], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def stop(process: subprocess.Popen[bytes], grace_s: float = 10.0) -> None:
    process.terminate()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Of 127.0.0.1. Somebody else may take one before it is used: then try again."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def check_alive(process: subprocess.Popen[bytes], name: str, log: Path) -> None:
    if process.poll() is not None:
        raise LabError(f"{name} ended with {process.returncode}:\n{tail(log)}")


def tail(log: Path, lines: int = _TOLD_LINES) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:]) if log.exists() else "(no log)"


def run(*command: str | Path, why: Callable[[str], str] = str) -> str:
    """What it printed. Raises LabError with what it said."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    except FileNotFoundError:
        raise LabError(f"The program {command[0]} is not on this machine.") from None
    if done.returncode:
        raise LabError(why(f"{' '.join(map(str, command))}:\n{done.stderr.strip() or done.stdout.strip()}"))
    return done.stdout
