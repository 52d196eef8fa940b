"""Locations that do everything wrong while they load, in one fleet with a neighbour that notices nothing.

Invariant 13: one location's crash, hang, leak or flood is its own.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from eyes import Eyes, telling, write
from reefs import Reef, until

from deadlines import scaled
from reef.demo.clone import __file__ as clone_script
from reef.procfs import start_ticks

pytestmark = pytest.mark.timeout(200)

HANG = "__import__('threading').Event().wait()"
BAD = {
    "fails": "raise RuntimeError('the warehouse says no')",
    "syntax": "def f(:\n",
    "hangs": HANG,
    "exits": "print('on my way out', flush=True); import os; os._exit(7)",
    "leaves": "import sys; sys.exit('never mind')",
    "segfaults": "import ctypes; ctypes.string_at(0)",
    "floods": "import os\nline = b'x' * 65535 + b'\\n'\nfor _ in range(16384): os.write(1, line)",
    "forks": """
import os, signal
if os.fork() == 0:
    open({folder!r} + '/forked', 'a').write(f'{{os.getpid()}}\\n')
    signal.pause()
""",
    "eats": "hoard = [b'%d' % n * (1 << 20) for n in range(1500)]",
    "blackhole": "import socket\nsocket.create_connection(('127.0.0.1', {port})).recv(1)",
    "threads": """
import threading
from multiprocessing import resource_tracker
resource_tracker.ensure_running()
for _ in range(11): threading.Thread(target=threading.Event().wait, daemon=True).start()
""",
    "kills_itself": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "two_servers": "import os; os.fork()",
    "second_later": """
import os, sys, time
if os.fork() == 0:
    open({folder!r} + '/second', 'a').write(f'{{os.getpid()}}\\n')
    served, end = sys.argv[sys.argv.index('--socket') + 1], time.monotonic() + 600
    while not os.path.exists(served) and time.monotonic() < end: time.sleep(0.01)
""",
    "own_server": """
import grpc
from concurrent.futures import ThreadPoolExecutor
own = grpc.server(ThreadPoolExecutor(1))
own.add_insecure_port('127.0.0.1:0')
own.start()
""",
}
LAZY = """
from dagster import *

@definitions
def defs():
    {body}
    return Definitions()
"""
LAZILY = {
    "eats_lazily": "hoard = [b'%d' % n * (1 << 20) for n in range(1500)]",
    "exits_lazily": "import os; os._exit(9)",
}
ASKED = """
from dagster import *

def made():
    {body}

@repository
def asked():
    return {{"jobs": {{"one": made}}}}
"""
WHEN_ASKED = {
    "eats_when_asked": "hoard = [b'%d' % n * (1 << 20) for n in range(1500)]",
    "exits_when_asked": "import os; os._exit(9)",
}
SETTINGS = {
    "hangs": "load_timeout: {hang_s}s",
    "blackhole": "load_timeout: {hang_s}s",
    "eats": "memory_limit: 300Mi",
    "eats_lazily": "memory_limit: 300Mi",
    "eats_when_asked": "memory_limit: 300Mi",
}


@cache
def hang_s() -> int:
    """Enough for a load to reach the location's own code."""
    return round(scaled(4))


@pytest.fixture(scope="module")
def blackhole() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def bare_venv(folder: Path) -> Path:
    """An environment without anything in it."""
    subprocess.run(
        [sys.executable, "-I", clone_script],
        input=f'{{"targets": ["{folder}"], "roots": []}}',
        text=True,
        check=True,
        capture_output=True,
    )
    return folder


def reef_yaml(folder: Path, port: int) -> Path:
    lines = ["locations:"]
    for name, body in BAD.items():
        body = body.format(folder=str(folder), port=port)
        write(folder / name / "defs.py", telling(name, before=body))
    for name, body in LAZILY.items():
        write(folder / name / "defs.py", LAZY.format(body=body))
    for name, body in WHEN_ASKED.items():
        write(folder / name / "defs.py", ASKED.format(body=body))
    for name in [*BAD, *LAZILY, *WHEN_ASKED, "neighbour", "no_python", "no_dagster", "no_cwd"]:
        lines += [f"  {name}:", f"    code: {name}/defs.py"]
        lines += [f"    {SETTINGS[name].format(hang_s=hang_s())}"] if name in SETTINGS else []
    write(folder / "neighbour" / "defs.py", telling("neighbour"))
    for name in ("no_python", "no_dagster", "no_cwd"):
        write(folder / name / "defs.py", telling(name))
    text = "\n".join([*lines, ""])
    text = text.replace("no_python/defs.py", "no_python/defs.py\n    python: /no/such/python")
    text = text.replace("no_dagster/defs.py", f"no_dagster/defs.py\n    python: {bare_venv(folder / 'bare')}")
    text = text.replace("no_cwd/defs.py", "no_cwd/defs.py\n    cwd: nowhere")
    text += "  no_file:\n    code: no/such/defs.py\n  no_module:\n    code: {module: no_such_module}\n"
    return write(folder / "reef.yaml", text)


@pytest.fixture(scope="module")
def reef(folder: Path, start: Callable[..., Reef], blackhole: int) -> Reef:
    return start("serve", reef_yaml(folder, blackhole), folder / "s").until_up(120)


@pytest.fixture(scope="module")
def rows(reef: Reef) -> dict[str, dict[str, Any]]:
    """Once nothing is loading any more: the host is up before what hangs is given up."""

    def loaded() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = reef.status()["locations"]
        return found if all(row["state"] != "loading" for row in found) else []

    return {row["name"]: row for row in until(loaded)}


REASONS = {
    "fails": "the warehouse says no",
    "syntax": "SyntaxError",
    "hangs": "did not answer within {hang_s} s",
    "exits": "on my way out",
    "leaves": "never mind",
    "segfaults": "SIGSEGV",
    "eats": "its memory limit of 300 MiB is exceeded",
    "blackhole": "did not answer within {hang_s} s",
    "kills_itself": "SIGKILL",
    "eats_lazily": "its memory limit of 300 MiB is exceeded",
    "exits_lazily": "exit status 9",
    "eats_when_asked": "its memory limit of 300 MiB is exceeded",
    "exits_when_asked": "exit status 9",
    "no_python": "/no/such/python does not exist",
    "no_dagster": "has no Dagster",
    "no_cwd": "nowhere",
    "no_file": "no/such/defs.py",
    "no_module": "no_such_module",
}


@pytest.mark.parametrize("name", REASONS)
def test_invariant_13_the_load_error_is_shown_and_says_why(
    reef: Reef, rows: dict[str, dict[str, Any]], name: str
) -> None:
    reason = REASONS[name].format(hang_s=hang_s())
    assert reason in Eyes(reef, name).load_error()
    assert rows[name]["state"] == "failed"
    assert reason in rows[name]["last_error"]
    assert rows[name]["pid"] is None


LOOKS_BAD = ["floods", "forks", "threads", "two_servers", "second_later", "own_server", "neighbour"]


@pytest.mark.parametrize("name", LOOKS_BAD)
def test_a_load_that_only_looks_bad_is_served(reef: Reef, name: str) -> None:
    eyes = Eyes(reef, name)
    assert eyes.jobs() == [f"{name}_job"]
    assert eyes.tick()["cwd"]


def test_invariant_13_the_neighbour_has_been_probed_once_and_has_no_error(reef: Reef) -> None:
    neighbour = reef.row("neighbour")
    assert (neighbour["probes"], neighbour["last_error"]) == (1, None)
    assert neighbour["forked"] in (None, True)


def test_what_a_location_started_by_itself_ends_with_its_server(reef: Reef, folder: Path) -> None:
    assert Eyes(reef, "forks").tick()
    assert "asleep" in reef.command("sleep", "forks").stdout
    forked = [int(pid) for pid in (folder / "forked").read_text().split()]
    assert len(forked) >= 2  # by the probe, and by the wake
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in forked), 10.0, f"for {forked} to end")


def test_a_copy_that_would_serve_too_ends_and_the_server_serves_on(reef: Reef, folder: Path) -> None:
    copies = [int(pid) for pid in (folder / "second").read_text().split()]
    until(lambda: not any(start_ticks(pid) for pid in copies), 10.0, f"for {copies} to end")
    for _ in range(5):
        assert Eyes(reef, "second_later").tick()["cwd"]
    assert (
        "a copy of this process, forked while the location was loaded"
        in reef.command("logs", "second_later").stdout
    )


def test_a_flood_is_kept_in_bounds(reef: Reef, folder: Path) -> None:
    logs = list((folder / "s" / "logs").glob("floods*"))
    assert logs
    until(
        lambda: sum(path.stat().st_size for path in logs if path.exists()) < 64 << 20,
        30.0,
        "for the log to be cut",
    )


def test_no_error_has_a_traceback_of_reef(reef: Reef) -> None:
    assert "Traceback" not in reef.said()
    assert "Traceback" not in (reef.state / "logs" / "reef.log").read_text()
