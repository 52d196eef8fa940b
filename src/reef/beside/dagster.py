"""The webserver and the daemon as companions: which interpreter, which arguments, which port."""

from __future__ import annotations

import asyncio
import os
import socket as sockets
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reef.beside.companion import CompanionSpec
from reef.beside.variables import CHOSEN
from reef.errors import ReefError
from reef.fleet.model import Fleet
from reef.hosting.launch import path_of
from reef.settings import Beside
from reef.statedir import StateDir
from reef.workspace import check_port_free

FIRST_PORT = 3000
PORTS_TRIED = 100


@dataclass(frozen=True)
class Page:
    host: str
    port: int
    prefix: str = ""

    @property
    def url(self) -> str:
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}{self.prefix}"


def choose_page(beside: Beside, ours: int | None) -> Page:
    """The webserver's address. `ours` is a port that a webserver we take up again already holds."""
    prefix = (beside.path_prefix or "").rstrip("/")
    if beside.port is not None:
        if beside.port != ours:
            check_port_free(beside.host, beside.port, "of the webserver", "--port")
        return Page(beside.host, beside.port, prefix)
    if ours is not None:
        return Page(beside.host, ours, prefix)
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        try:
            check_port_free(beside.host, port, "of the webserver", "--port")
        except ReefError:
            continue
        return Page(beside.host, port, prefix)
    raise ReefError(
        f"no free port from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED}", hint="choose one with --port"
    )


async def python_with(module: str, candidates: tuple[str, ...]) -> str:
    """The first interpreter that can import `module` (found, not imported)."""
    for python in candidates:
        script = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
        try:
            process = await asyncio.create_subprocess_exec(
                python, "-c", script, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
            )
        except OSError:
            continue
        if await process.wait() == 0:
            return python
    raise ReefError(
        f"no interpreter has {module!r} (looked at: {', '.join(candidates)})",
        hint="pip install 'dagster-reef[dagster]' beside Reef, or dagster-webserver in the fleet's environment; "
        "or run without it: --no-webserver, --no-daemon",
    )


def interpreters(fleet: Fleet) -> tuple[str, ...]:
    """Where Dagster's own processes may come from: the fleet's default, Reef's extra, what most locations have."""
    most_used = [python for python, _ in Counter(_pythons(fleet)).most_common(1)]
    return tuple(dict.fromkeys((fleet.default_python, sys.executable, *most_used)))


def _pythons(fleet: Fleet) -> list[str]:
    return [place.python for place in fleet.locations if place.server is None and not place.broken]


def dagster_env(environ: Mapping[str, str], python: str, home: str) -> dict[str, str]:
    env = {k: value for k, value in environ.items() if not k.startswith("REEF_") and k not in CHOSEN}
    env["DAGSTER_HOME"] = home
    env["PATH"] = path_of(python, env)
    return env


def webserver_spec(
    state: StateDir, beside: Beside, page: Page, python: str, env: Mapping[str, str], cwd: str | None = None
) -> CompanionSpec:
    argv = _command(python, "dagster-webserver", "dagster_webserver")
    argv += ["-w", str(state.workspace_file), "-w", str(state.unserved_file)]
    argv += ["--host", page.host, "--port", str(page.port)]
    if page.prefix:
        argv += ["--path-prefix", page.prefix]
    if beside.read_only:
        argv.append("--read-only")
    return _spec(state, "webserver", argv, env, cwd)


def daemon_spec(
    state: StateDir, python: str, env: Mapping[str, str], cwd: str | None = None
) -> CompanionSpec:
    command = _command(python, "dagster-daemon", "dagster._daemon")
    return _spec(state, "daemon", [*command, "run", "-w", str(state.workspace_file)], env, cwd)


def _command(python: str, script: str, module: str) -> list[str]:
    """The console script as a user would call it: `-m` would put the working directory before Dagster's own."""
    path = os.path.join(os.path.dirname(python), script)
    return [python, path] if os.path.exists(path) else [python, "-m", module]


def _spec(
    state: StateDir, name: str, argv: list[str], env: Mapping[str, str], cwd: str | None
) -> CompanionSpec:
    record = state.folder("beside") / f"{name}.json"
    return CompanionSpec(name, tuple(argv), env, Path(state.folder("logs") / f"{name}.log"), record, cwd)


async def until_listening(host: str, port: int, timeout_s: float) -> bool:
    """Whether somebody accepts connections there before the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while loop.time() < deadline:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except (OSError, sockets.gaierror):
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return True
    return False
