"""Invariant 4: a child is what `python -m dagster api grpc` would have been."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hosts import Host, child_env, until
from states import LOCATION, comparable, launch, make_home, plain_server, read, run_status

Write = Callable[[str], Path]
State = dict[str, Any]


class Pair:
    """The same location in a forked child and in a plain server: their states at load and in a run."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.folder = folder
        self.home = make_home(folder / "home")
        (folder / "work").mkdir()
        (folder / "location.py").write_text(LOCATION)
        self.loads: dict[str, State] = {}
        self.runs: dict[str, State] = {}
        self.raw: dict[str, State] = {}
        self.env = child_env(
            DAGSTER_HOME=str(self.home),
            TZ="Asia/Kathmandu",
            GREETING="täst",
            PYTHONPATH=f"{folder}/extra:{folder}/more",
            PYTHONWARNINGS="ignore::ResourceWarning",
        )
        self._forked(host)
        self._plain()

    def _spec_env(self, kind: str) -> dict[str, str]:
        (self.folder / kind).mkdir()
        return {**self.env, "STATES": str(self.folder / kind)}

    def _forked(self, host: Host) -> None:
        env = self._spec_env("forked")
        spec = host.spec("f2", self.folder / "location.py", env=env, cwd=self.folder / "work")
        child = host.start(spec)
        assert child.forked, host.hosting.not_forked_because("f2")
        self._keep("forked", child.socket, env)
        host.stop(child, 0)

    def _plain(self) -> None:
        env = self._spec_env("plain")
        socket = str(self.folder / "plain.sock")
        args = ["--socket", socket, "-f", str(self.folder / "location.py"), "--location-name", "f2"]
        with plain_server(args, self.folder / "work", env):
            read(self.folder / "plain", "load")
            until(lambda: os.path.exists(socket), "the plain server listens", 60)
            self._keep("plain", socket, env)

    def _keep(self, kind: str, socket: str, env: dict[str, str]) -> None:
        folder = self.folder / kind
        self.raw[kind] = read(folder, "load")
        self.loads[kind] = comparable(self.raw[kind], folder, socket)
        run_id = launch(socket, self.home, "telling", env)
        self.runs[kind] = comparable(read(folder, "run"), folder, socket)
        until(lambda: run_status(self.home, run_id) == "SUCCESS", "the run succeeds", 60)


@pytest.fixture(scope="module")
def pair(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair(host, tmp_path_factory.mktemp("pair"))


KINDS = (
    "env",
    "cwd",
    "path",
    "argv",
    "orig_argv",
    "executable",
    "prefixes",
    "main",
    "main_names",
    "spawn",
    "original_dir",
    "start_method",
    "zone",
    "handlers",
    "blocked",
    "umask",
    "stdin",
    "bytecode",
    "meta_path",
    "recursion",
    "limits",
    "gc",
    "locale",
    "warnoptions",
    "private_modules",
    "oom",
)


@pytest.mark.parametrize("kind", KINDS)
def test_invariant_4_at_load(pair: Pair, kind: str) -> None:
    assert pair.loads["forked"][kind] == pair.loads["plain"][kind]


@pytest.mark.parametrize("kind", KINDS)
def test_invariant_4_in_a_run(pair: Pair, kind: str) -> None:
    assert pair.runs["forked"][kind] == pair.runs["plain"][kind]


def test_what_was_compared_was_not_empty(pair: Pair) -> None:
    state = pair.loads["forked"]
    assert set(KINDS) <= set(state)
    assert state["env"]["GREETING"] == "täst"
    assert state["zone"][0] == "+0545"
    assert state["path"][:3] == [str(pair.folder / name) for name in ("work", "extra", "more")]
    assert state["executable"] == sys.executable
    assert state["handlers"]["SIGTERM"] != "Handlers.SIG_IGN"


def test_secrets_and_chance_are_each_child_s_own(host: Host, code: Write, tmp_path: Path) -> None:
    states = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        env = child_env(STATES=str(tmp_path / name), **{f"SECRET_OF_{name}": "x"})
        child = host.start(host.spec("f3", code(LOCATION), env=env))
        states.append(read(tmp_path / name, "load"))
        host.stop(child, 0)
    one, two = states
    assert one["authkey"] != two["authkey"]
    assert one["random"] != two["random"]
    assert "SECRET_OF_one" not in two["env"]
    assert one["session"]
    assert two["session"]


def test_invariant_15_the_zygote_never_sees_a_child_s_environment(host: Host, code: Write) -> None:
    """Not even in memory that it has freed, which the next child would inherit."""
    secret = "s3cret-" + "of-one-location"
    child = host.start(
        host.spec("f4", code("import dagster as dg\ndefs = dg.Definitions()"), env=child_env(KEY=secret))
    )
    assert secret.encode() in memory_of(child.pid)
    (zygote,) = host.hosting.zygotes()
    assert secret.encode() not in memory_of(zygote.pid)
    host.stop(child, 0)


def memory_of(pid: int) -> bytes:
    """All writable memory of a process of ours."""
    parts = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            area, rights = line.split()[:2]
            if rights.startswith("rw"):
                start, end = (int(part, 16) for part in area.split("-"))
                memory.seek(start)
                parts.append(memory.read(end - start))
    return b"".join(parts)


def test_a_sitecustomize_on_the_location_s_own_path_runs(host: Host, code: Write, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import os; os.environ['CUSTOMIZED'] = 'yes'")
    env = child_env(STATES=str(tmp_path), PYTHONPATH=str(tmp_path / "own"))
    child = host.start(host.spec("f6", code(LOCATION), env=env))
    host.stop(child, 0)
    assert read(tmp_path, "load")["env"]["CUSTOMIZED"] == "yes"


def test_settings_that_an_interpreter_reads_when_it_starts(host: Host, code: Write, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    env = child_env(STATES=str(tmp_path), PYTHONSAFEPATH="1", PYTHONPYCACHEPREFIX=cache)
    env["PYTHONDONTWRITEBYTECODE"] = ""
    child = host.start(host.spec("f5", code(LOCATION), env=env, args=("--empty-working-directory",)))
    host.stop(child, 0)
    state = read(tmp_path, "load")
    assert state["path"][0] != str(tmp_path)
    assert state["bytecode"] == [False, cache]
