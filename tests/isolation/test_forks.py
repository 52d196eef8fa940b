"""Invariant 18, at every wheel of the corpus: a child that is forked beside them all is as a fresh interpreter.

What a zygote preloads is left to it. Whatever it is, a child that imports nothing of it sees nothing of it, and one
that imports some or all of it sees all that these imports do. `stand_in.py` is a fake of Dagster that tells its state.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import corpus
import pytest
from effects import environment_of, plan_of
from hosts import Host, until
from state_of import State, differences
from test_corpus import everything_imported
from test_effects_found import BASE, modules_of
from wheelhouse import make_environment

from deadlines import scaled
from reef.hosting.zygote import Tuning

pytestmark = pytest.mark.timeout(300)

HERE = Path(__file__).parent
MIXED = sorted((*corpus.EFFECTS, *corpus.INNOCENT), key=lambda wheel: wheel.name[::-1])
NAMES = [wheel.name for wheel in MIXED]
USED = everything_imported()
IMPORTED = {"nothing": [], "only what they use": USED, "all of them": NAMES, "the innocent": []}
IMPORTED["the innocent"] = [*USED, *(wheel.name for wheel in corpus.INNOCENT)]
IMPORTED["every second"], IMPORTED["the others, backwards"] = [*USED, *NAMES[::2]], [*USED, *NAMES[:0:-2]]
ITS_OWN = {
    r"sys:(orig_)?argv": "its address",
    r"logging:_startTime": "a zygote began before",
    r"process\.variable PATH": "the folder of its interpreter comes first",
    r"(modules\.)?_reef_guest\b.*": "the guest",
    r"process\.(files|kernel Threads)|threading:_active": "the guest's thread that watches its host, and its socket",
    r"_frozen_importlib_external:SourceFileLoader\._cache_bytecode": "no bytecode of files that are being written",
    r"_frozen_importlib_external:PathFinder\.find_spec": "how what is hidden from it is imported again",
    r"threading:(_shutdown_locks|_main_thread)|gc:garbage": "what has not been collected yet",
    r"(re:_cache2?|encodings:\w+|linecache:cache)": "what was looked up before is found again",
    r"\w+:\w+\._value2member_map_": "an enumeration of flags remembers what was put together of them",
    r"(closes_its_socket:PORT|draws_a_number:NAME|joins_its_thread:thread|starts_a_process:KEPT)": "another each time",
    r"running\.atexit": "the guest takes its note of the process away at its end",
    r"platform:_\w+_cache": "what was asked for before is remembered",
    r"(modules\.)?pwd\b.*": "built into the interpreter, and asked for by a module that was preloaded",
    r"(modules\.)?pyexpat\b.*": "C code of the standard library imports it once in a process",
    r"multiprocessing\.reduction:\S+_extra_reducers": "the standard library's own, of a module that others brought",
    r"running\.context\.corpus": "nobody has this variable who has not imported the module that made it",
}
"""Regular expression for keys that may differ -> why."""

Ask = Callable[[str], State]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the corpus and the stand-in."""
    folder = tmp_path_factory.mktemp("f")
    make_environment(folder / "venv", (*corpus.LIBRARIES, *corpus.EFFECTS, *corpus.INNOCENT))
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    shutil.copytree(HERE / "state_of", site / "state_of", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "dagster").mkdir()
    (site / "dagster" / "__init__.py").touch()
    shutil.copy(HERE / "stand_in.py", site / "dagster" / "__main__.py")
    return folder


@pytest.fixture(scope="module")
def python(place: Path) -> Path:
    return place / "venv" / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def host(place: Path, python: Path) -> Iterator[Host]:
    made = Host(place / "h", tuning=Tuning(rehearsal=False))
    made.run(made.hosting.use([plan_of(python, modules_of((*corpus.LIBRARIES, *MIXED)), BASE)]))
    assert made.hosting.living_zygotes(), "no zygote could be built"
    yield made
    made.close()


def request(place: Path, kind: str, name: str) -> tuple[Path, Path]:
    asked, answer = (place / f"{kind} {name}.{ending}" for ending in ("json", "state"))
    asked.write_text(json.dumps({"modules": [*BASE, *IMPORTED[name]], "answer": str(answer)}))
    return asked, answer


@pytest.fixture(scope="module")
def fresh(place: Path, python: Path) -> Ask:
    def ask(name: str) -> State:
        asked, answer = request(place, "fresh", name)
        command = [str(python), "-m", "dagster", "api", "grpc", "--socket", "/nowhere", "-f", str(asked)]
        with (place / "fresh.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=place,
                env=environment_of(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: signal.signal(
                    signal.SIGINT, signal.default_int_handler
                ),  # whoever ignores it here
            )
        process.wait(scaled(100))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also what the wheels have started
        assert answer.exists(), (place / "fresh.log").read_text()
        return json.loads(answer.read_text())

    return ask


@pytest.fixture(scope="module")
def forked(place: Path, host: Host, python: Path) -> Ask:
    def ask(name: str) -> State:
        asked, answer = request(place, "forked", name)
        spec = host.spec("one", asked, env=environment_of(), cwd=place, python=str(python))
        with contextlib.suppress(Exception):  # it tells its state and ends, and never serves
            host.start(spec, 100.0)
        assert host.hosting.not_forked_because("one") is None
        until(answer.exists, f"the answer: {host.log('one')[-3000:]}", 100.0)
        return json.loads(answer.read_text())

    return ask


@pytest.mark.parametrize("name", IMPORTED)
def test_invariant_18_a_child_is_as_a_fresh_interpreter(fresh: Ask, forked: Ask, name: str) -> None:
    found = differences(fresh(name), forked(name))
    assert {key: pair for key, pair in found.items() if not is_own(key)} == {}


def is_own(key: str) -> bool:
    return any(re.fullmatch(one, key) for one in ITS_OWN)
