"""Invariant 18: what one location imports never reaches another. Here: what is seen when a zygote is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import corpus
import pytest
from corpus import Wheel
from effects import Found, effects_found

pytestmark = pytest.mark.timeout(300)

DEEP = ("setuplib.deep",)
"""Loaded by the call of `setuplib` alone: whoever calls it brings it."""
BASE = (
    *(
        "json",
        "logging",
        "warnings",
        "socket",
        "ssl",
        "asyncio",
        "multiprocessing",
        "concurrent.futures.thread",
    ),
    *(
        "decimal",
        "random",
        "urllib.request",
        "http.client",
        "sqlite3",
        "email.message",
        "typing",
        "subprocess",
    ),
    *("multiprocessing.util", "importlib.metadata", "unittest.mock", "zoneinfo", "uuid", "tempfile"),
)
"""Of the standard library, what every code server imports anyhow."""


def modules_of(wheels: Sequence[Wheel]) -> list[str]:
    """As a plan names them: libraries before those that use them, submodules too."""
    return [name for wheel in wheels for name in wheel.modules if name not in LATE]


LATE = {*DEEP, "plainlib.rare", "fails_after_patching.accelerated"}


HELD = ("starts_a_thread", "starts_a_thread_below", "opens_a_socket", "opens_a_file", "starts_a_process")
ALONE = (
    *("sets_decimal", "patches_json_encoder", "calls_a_patcher", "calls_a_late_patcher", "changes_a_closure"),
    *("patches_in_submodule", "disables_gc", "registers_with_abc", "masked_second", "starts_a_thread_below"),
)
"""Each replaces something that is there, or starts something: nobody else may import that first."""


@pytest.fixture(scope="module")
def ask(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Found]:
    log = tmp_path_factory.mktemp("zygotes") / "zygotes.log"

    def found(*wheels: Wheel) -> Found:
        return effects_found(python, modules_of((*corpus.LIBRARIES, *wheels)), log, BASE)

    return found


@pytest.fixture(scope="module")
def together(ask: Callable[..., Found]) -> Found:
    """Every wheel of the corpus in one zygote, innocent ones between the others."""
    mixed = sorted((*corpus.EFFECTS, *corpus.INNOCENT), key=lambda wheel: wheel.name[::-1])
    return ask(*mixed)


def named(found: Found, package: str) -> dict[str, str]:
    return {name: why for name, why in found.left_out.items() if name.partition(".")[0] == package}


def is_preloaded(found: Found, package: str) -> bool:
    return package in found.preloaded


@pytest.mark.parametrize("name", HELD)
def test_what_a_fork_would_inherit_is_left_out(together: Found, name: str) -> None:
    assert not is_preloaded(together, name)
    assert named(together, name)


@pytest.mark.parametrize("name", [wheel.name for wheel in corpus.EFFECTS])
def test_what_is_left_out_is_told_with_its_reason(together: Found, name: str) -> None:
    """What is not, may be taken back and done again in children: `test_forks` sees to that."""
    assert is_preloaded(together, name) != bool(named(together, name))
    assert all(named(together, name).values()), "the reason is empty"


@pytest.mark.parametrize("name", [wheel.name for wheel in (*corpus.INNOCENT, *corpus.LIBRARIES)])
def test_what_only_looks_so_is_preloaded(together: Found, name: str) -> None:
    """One that puts another object in its place in `sys.modules` is imported by each child itself."""
    assert named(together, name) == {}
    assert is_preloaded(together, name) or name in together.added, together.failed.get(name)


def test_no_module_of_the_standard_library_is_blamed(together: Found) -> None:
    packages = {wheel.name for wheel in corpus.EFFECTS}
    assert {name for name in together.left_out if name.partition(".")[0] not in packages} == set()


@pytest.mark.parametrize("name", ALONE)
def test_alone_it_is_found_too(ask: Callable[..., Found], name: str) -> None:
    (wheel,) = [wheel for wheel in corpus.EFFECTS if wheel.name == name]
    found = ask(wheel)
    assert named(found, name)
    assert {module.partition(".")[0] for module in found.left_out} == {name}
    assert not is_preloaded(found, name)


def test_the_innocent_alone_are_all_preloaded(ask: Callable[..., Found]) -> None:
    found = ask(*corpus.INNOCENT)
    assert found.left_out == {}
    assert {wheel.name for wheel in corpus.INNOCENT} <= found.preloaded | {"is_another_object"}


def test_what_starts_a_thread_is_found_in_one_round(ask: Callable[..., Found]) -> None:
    (wheel,) = [wheel for wheel in corpus.EFFECTS if wheel.name == "starts_a_thread_below"]
    assert ask(*corpus.INNOCENT, wheel).rounds <= 2


def test_even_all_of_them_are_found_in_a_few_rounds(together: Found) -> None:
    """The second tells apart those of the 150 wheels that there was too little time to look at one by one, the third
    finds what changes of the first ones hid. The last one finds nothing."""
    assert together.rounds <= 4
