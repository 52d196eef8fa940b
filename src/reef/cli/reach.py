"""How a command finds the running host that it is meant for, and asks it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from reef.admin import ask_admin
from reef.errors import ReefError
from reef.statedir import StateDir, default_state_root, host_is_alive

FIRST_TOLD_S = 3.0
LONGEST_SILENCE_S = 30.0

F = TypeVar("F", bound=Callable[..., Any])


def state_dir_option(function: F) -> F:
    """`--state-dir`, for every command that talks to a host."""
    return click.option(
        "--state-dir",
        type=click.Path(path_type=Path),
        envvar="REEF_STATE_DIR",
        help="State directory of the host; needed only where several hosts run.",
    )(function)


def running_hosts() -> list[StateDir]:
    """State directories below the default root whose host is alive."""
    root = default_state_root(os.environ)
    if not root.is_dir():
        return []
    folders = [StateDir(path) for path in sorted(root.iterdir()) if (path / "host.lock").exists()]
    return [folder for folder in folders if host_is_alive(folder)]


def find_state(chosen: Path | None) -> StateDir:
    """The chosen folder, or the only host that runs, or the one whose fleet is in this folder."""
    if chosen is not None:
        return StateDir(chosen.absolute())
    hosts = running_hosts()
    if len(hosts) == 1:
        return hosts[0]
    if not hosts:
        raise ReefError(
            "no Reef host is running", hint="start one with `reef up` or `reef serve`, or give --state-dir"
        )
    here = [host for host in hosts if _is_here(host)]
    if len(here) == 1:
        return here[0]
    raise ReefError(
        f"{len(hosts)} Reef hosts are running",
        hint="choose one with --state-dir: " + ", ".join(str(h.root) for h in hosts),
    )


def _is_here(host: StateDir) -> bool:
    try:
        source = Path((host.root / "source").read_text().strip())
    except OSError:
        return False
    folder = source if source.is_dir() else source.parent
    return Path.cwd().is_relative_to(folder)


def ask(chosen: Path | None, request: Mapping[str, Any], timeout_s: float = 30.0) -> Any:
    """One question to the host; its answer."""
    return asyncio.run(ask_admin(find_state(chosen).admin_socket, request, timeout_s))


def ask_telling(
    chosen: Path | None, request: Mapping[str, Any], timeout_s: float, tell: Callable[[float], None]
) -> Any:
    """The same; while there is no answer, `tell` is called now and then with the seconds that have passed."""
    return asyncio.run(_telling(ask_admin(find_state(chosen).admin_socket, request, timeout_s), tell))


async def _telling(asking: Coroutine[Any, Any, Any], tell: Callable[[float], None]) -> Any:
    task, began = asyncio.create_task(asking), time.monotonic()
    pause_s = FIRST_TOLD_S
    while not (await asyncio.wait({task}, timeout=pause_s))[0]:
        tell(time.monotonic() - began)
        pause_s = min(LONGEST_SILENCE_S, 2 * pause_s)
    return task.result()
