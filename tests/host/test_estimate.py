"""What a server for each location would take, as `reef status` estimates it."""

from __future__ import annotations

import pytest

from reef.fleet.model import Location
from reef.host.status import mapped_files_bytes, standing_estimate_bytes
from reef.hosting.contract import Child, MemorySample, ZygoteStatus
from reef.locations.place import CodeLocation

MB = 1_000_000


def place(name: str, *, forked: bool | None = None, private: int = 0, pss: int = 0) -> CodeLocation:
    """With a server, `forked` or not, or asleep (None). Its memory is made up."""
    made = CodeLocation(Location(name))
    if forked is not None:
        made.serving.take_up(Child(name, "v", "serve", 1, 1, "/s", forked, 0.0), serves=True)
    made.serving.note_sample(private * MB, pss * MB)
    return made


def zygote(*names: str) -> ZygoteStatus:
    return ZygoteStatus("k", 1, "/p", 10, names, MemorySample(0, 0, 0, 80 * MB), 1.0)


def estimate(places: list[CodeLocation], *zygotes: ZygoteStatus) -> int:
    files = mapped_files_bytes(places)
    return sum(standing_estimate_bytes(one, zygotes, files) for one in places) // MB


@pytest.mark.parametrize("number", range(4))
def test_without_a_zygote_it_is_at_least_what_the_servers_take(number: int) -> None:
    places = [place(f"p{n}", forked=False, private=32, pss=66) for n in range(number)]
    assert estimate(places) == 66 * number


def test_one_that_sleeps_would_map_the_same_files() -> None:
    assert estimate([place("a", forked=False, private=32, pss=66), place("b", private=30)]) == 66 + 30 + 34


def test_one_that_forks_would_hold_what_its_zygote_holds_for_it() -> None:
    assert estimate([place("a", forked=True, private=10, pss=20)], zygote("a")) == 90


def test_of_one_that_was_never_measured_nothing_is_known() -> None:
    assert estimate([place("a")]) == 0
