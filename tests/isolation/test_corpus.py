"""The corpus is what it says: seen by an eye that knows nothing of Reef."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import corpus
import pytest
from corpus import Wheel

from deadlines import scaled

pytestmark = pytest.mark.timeout(300)

HERE = Path(__file__).parent
Seen = dict[str, dict[str, list[str]]]

EYE_IS_BLIND_FOR = {
    "reloads_a_module": "the new objects are described as the old ones are",
    "replaces_in_sys_modules": "the new module is described as the old one is",
    "adds_an_audit_hook": "no interpreter tells its audit hooks",
    "seeds_random": "every process has another state of random numbers",
}
MEMORIES = (
    *("re:_cache", "linecache:cache", "platform:_sys_version_cache", "pkgutil:_NAME_PATTERN"),
    *("logging:_handlerList", "logging:shutdown", "threading:_shutdown_locks"),
)
"""What the standard library keeps so as not to find it out again, and weakly of loggers and threads that are theirs."""
OWN = ("running.context.corpus", "modules.plainlib.rare", "plainlib.rare:", "plainlib:rare")
"""A variable that is the wheel's own, and what an import of a module of another package brings."""
WITH_OWN_CLASS = "collections.abc:Sequence.<registered>"


def imported(wheel: Wheel) -> set[str]:
    """The modules of others that its sources name."""
    names: set[str] = set()
    for node in (node for text in wheel.files.values() for node in ast.walk(ast.parse(text))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name for name in names if name.partition(".")[0] != wheel.name}


def everything_imported() -> list[str]:
    every = (*corpus.LIBRARIES, *corpus.EFFECTS, *corpus.INNOCENT)
    names = set().union(*map(imported, every)) - {"plainlib.rare", "no_such_accelerator", "setuplib.deep"}
    return sorted(names | {"json.encoder"})


@pytest.fixture(scope="module")
def seen(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("seen")
    base = everything_imported()
    groups = {wheel.name: {"modules": [wheel.name], "only": base} for wheel in corpus.EFFECTS}
    groups = {name: {**group, "only": looked_at(name)} for name, group in groups.items()}
    groups["innocent"] = {"modules": [wheel.name for wheel in corpus.INNOCENT], "only": []}
    (folder / "request").write_text(json.dumps({"base": base, "groups": groups}))
    command = [str(python), str(HERE / "seen_in_forks.py"), str(folder / "request"), str(folder / "answer")]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with (folder / "output").open("wb") as output:
        looking = subprocess.Popen(
            command, env={**env, **corpus.ENV}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        assert looking.wait(scaled(250)) == 0, (folder / "output").read_text()
        yield {name: json.loads((folder / f"answer.{name}").read_text()) for name in groups}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(looking.pid, signal.SIGKILL)  # also what the wheels have started


def looked_at(name: str) -> list[str]:
    """What the wheel and the libraries that it calls import."""
    wheels = {wheel.name: wheel for wheel in (*corpus.LIBRARIES, *corpus.EFFECTS)}
    names = imported(wheels[name])
    for library in names & wheels.keys():
        names |= imported(wheels[library])
    return sorted(
        {
            *names,
            *sys.builtin_module_names,
            "builtins",
            "warnings",
            "json.encoder",
            "textwrap",
            "zoneinfo._tzpath",
        }
    )


def test_there_are_enough_of_them() -> None:
    assert len(corpus.EFFECTS) >= 45
    assert len(corpus.INNOCENT) >= 12


@pytest.mark.parametrize("name", [wheel.name for wheel in corpus.EFFECTS])
def test_each_effect_is_one(seen: Seen, name: str) -> None:
    assert bool(seen[name]) != (name in EYE_IS_BLIND_FOR), seen[name]


def test_the_innocent_change_nothing(seen: Seen) -> None:
    registered = seen["innocent"].pop(WITH_OWN_CLASS)
    assert set(registered[1].split()) - set(registered[0].split()) == {"has_subclasses.Rows"}
    changed = {key: pair for key, pair in seen["innocent"].items() if not key.startswith((*MEMORIES, *OWN))}
    assert {key: pair for key, pair in changed.items() if not theirs(key)} == {}


def theirs(key: str) -> bool:
    """A module, a logger or whatever else is named like the wheel that has it."""
    name = key.removeprefix("modules.").removeprefix("running.logger.").partition(":")[0]
    return name.partition(".")[0] in {wheel.name for wheel in corpus.INNOCENT}
