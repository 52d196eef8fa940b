"""Starts that cannot succeed: exit status 2, one clear message with what to do, no traceback, nothing left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from eyes import telling, write
from reefs import processes_mentioning

from deadlines import scaled
from reef.statedir import HostLock, open_state_dir

FINE = "locations:\n  fine:\n    code: defs.py\n"


@dataclass(frozen=True)
class Start:
    """A command line; `says` must be in what it prints, FOLDER and PORT are filled in."""

    words: str
    says: tuple[str, ...]
    file: str = FINE
    env: Mapping[str, str] = field(default_factory=dict)


STARTS = {
    "missing file": Start("serve FOLDER/no.yaml", ("no.yaml", "does not exist")),
    "folder without a fleet": Start("serve FOLDER/empty", ("empty", "hint:")),
    "no YAML": Start("serve FILE", ("test.yaml:3", "is not valid YAML"), "locations:\n  a: [1, 2\n  b: }\n"),
    "no map": Start("serve FILE", ("test.yaml",), "- 1\n- 2\n"),
    "bytes": Start("serve FILE", ("test.yaml",), "locations: \0\n"),
    "unknown key": Start(
        "serve FILE",
        ("test.yaml:4", "memory_limt", "did you mean memory_limit"),
        FINE + "    memory_limt: 1Gi\n",
    ),
    "wrong value": Start("serve FILE", ("test.yaml:4", "2x", "512Mi"), FINE + "    memory_limit: 2x\n"),
    "name twice": Start(
        "serve FILE", ("test.yaml:4", "fine", "twice"), FINE + "  fine:\n    code: defs.py\n"
    ),
    "workspace name twice": Start(
        "serve FILE",
        ("test.yaml:3", "two locations are called", "hint:"),
        "load_from:\n- python_file: {relative_path: a.py, location_name: one}\n"
        "- python_file: {relative_path: b.py, location_name: one}\n",
    ),
    "webserver port": Start("up FILE --port PORT", ("port PORT", "--port", "hint:")),
    "listener port": Start(
        "serve FILE --listen tcp --base-port PORT", ("port PORT", "'fine'", "--base-port")
    ),
    "no such address": Start("serve FILE --listen tcp --host 203.0.113.7", ("203.0.113.7",)),
    "second host": Start("serve FILE --state-dir FOLDER/held", ("another Reef host (pid ", "--state-dir")),
    "long socket path": Start("serve FILE --state-dir FOLDER/" + "d" * 90, ("107", "--state-dir")),
    "state dir in a file": Start("serve FILE --state-dir FOLDER/defs.py/s", ("cannot be written to",)),
    "read-only state dir": Start("serve FILE --state-dir /proc/reef", ("cannot be written to",)),
    "no delay": Start("serve FILE", ("REEF_UNCLAIMED_S", "soon"), env={"REEF_UNCLAIMED_S": "soon"}),
    "broken dagster.yaml": Start(
        "up FILE --no-webserver --dagster-home FOLDER/home", ("home", "dagster.yaml", "hint:")
    ),
    "no such DAGSTER_HOME": Start("up FILE --no-webserver --dagster-home FOLDER/nohome", ("nohome",)),
    "status without a host": Start("status --state-dir FOLDER/nobody", ("no Reef host answers", "reef up")),
}


@dataclass(frozen=True)
class Ended:
    status: int
    said: str


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


@pytest.fixture(scope="module")
def ended(folder: Path, port: int) -> dict[str, Ended]:
    """All of them, a few at a time."""
    write(folder / "defs.py", telling("fine"))
    write(folder / "home" / "dagster.yaml", "storage: {no_such_storage: {}}\n")
    (folder / "empty").mkdir()
    found: dict[str, Ended] = {}
    begun: list[subprocess.Popen[str]] = []
    with ExitStack() as held:
        held.callback(lambda: [process.kill() for process in begun])
        held.callback(HostLock(open_state_dir(folder / "held")).release)
        names = list(STARTS)
        for at in range(0, len(names), 4):
            group = {
                name: begin(STARTS[name], folder, port, f"{at}-{n}")
                for n, name in enumerate(names[at : at + 4])
            }
            begun = list(group.values())
            with ThreadPoolExecutor(len(group)) as pool:
                found |= zip(group, pool.map(until_ended, group.values()), strict=True)
    return found


def until_ended(process: subprocess.Popen[str]) -> Ended:
    """At once, each in a thread: a host that other tests run in this process reaps what nobody waits for, and its
    exit status is lost then."""
    said, _ = process.communicate(timeout=scaled(60))
    return Ended(process.returncode, said)


def filled(text: str, folder: Path, port: int) -> str:
    return text.replace("FOLDER", str(folder)).replace("PORT", str(port))


def begin(start: Start, folder: Path, port: int, number: str) -> subprocess.Popen[str]:
    file = write(folder / f"f{number}" / "test.yaml", start.file.replace("defs.py", "../defs.py"))
    words = filled(start.words, folder, port).replace("FILE", str(file)).split()
    if "--state-dir" not in words:
        words += ["--state-dir", str(folder / f"s{number}")]
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("REEF_", "DAGSTER_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "reef.cli.main", *words],
        cwd="/",
        env=environ | dict(start.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("name", STARTS)
def test_a_start_that_cannot_succeed_says_so(
    ended: dict[str, Ended], folder: Path, port: int, name: str
) -> None:
    end = ended[name]
    assert end.status == 2, end.said
    assert "error: " in end.said
    assert "Traceback" not in end.said
    assert len(end.said.splitlines()) <= 6, end.said
    for part in STARTS[name].says:
        assert filled(part, folder, port) in end.said, end.said


def test_nothing_of_them_is_left(ended: dict[str, Ended], folder: Path) -> None:
    assert not processes_mentioning(str(folder))
    assert not list(folder.glob("s*/*.sock"))
