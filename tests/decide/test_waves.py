"""Which locations go together, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from reef.decide.waves import WaveFacts, waves
from reef.fleet.deploy_spec import wave_ends
from reef.fleet.model import DeploySpec


def fleet(count: int) -> list[WaveFacts]:
    return [WaveFacts(f"l{number:04}", definitions=number) for number in range(count)]


def spec(*ends: str, **others: Any) -> DeploySpec:
    return DeploySpec(wave_ends(ends), **others)


@pytest.mark.parametrize(
    ("count", "ends", "sizes"),
    [
        (50, ("1", "10", "100%"), [1, 9, 40]),
        (50, ("1", "10"), [1, 9, 40]),  # what is left is one more wave
        (50, (), [50]),
        (50, ("100%",), [50]),
        (50, ("60",), [50]),  # more than there are
        (3, ("1", "10", "100%"), [1, 2]),  # a wave that adds nothing is left out
        (3, ("1", "2", "3", "4", "5"), [1, 1, 1]),  # more waves than locations
        (1, ("1", "10", "100%"), [1]),
        (0, ("1", "10", "100%"), []),
        (3, ("10%", "50%"), [1, 1, 1]),  # shares are rounded up
        (10, ("10%", "33%"), [1, 3, 6]),
        (1000, ("0.1%", "7%"), [1, 69, 930]),
        (100, ("29%",), [29, 71]),  # 0.29 * 100 is a little more than 29 for a computer
        (12, ("10", "50%"), [10, 2]),  # the share is filled already
    ],
)
def test_how_many_go_in_each_wave(count: int, ends: tuple[str, ...], sizes: list[int]) -> None:
    found = waves(fleet(count), spec(*ends))
    assert [len(wave) for wave in found] == sizes
    names = [name for wave in found for name in wave]
    assert sorted(names) == [one.name for one in fleet(count)]


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (["0"], "neither a number"),
        (["0%"], "not above 0%"),
        (["101%"], "not above 0% and up to 100%"),
        (["-1"], "neither"),
        (["1.5"], "neither"),
        (["ten"], "neither"),
        ([""], "neither"),
        (["10", "10"], "each wave includes those before it"),
        (["10", "50%", "20%"], None),
        (["50%", "10%"], "10% comes after 50%"),
        (["10", "5"], "5 comes after 10"),
    ],
)
def test_what_no_waves_are(written: list[str], wrong: str | None) -> None:
    with pytest.raises(ValueError, match=wrong or "20% comes after 50%"):
        wave_ends(written)


def test_small_ones_first_then_by_memory_then_by_name() -> None:
    locations = [
        WaveFacts("big", definitions=90),
        WaveFacts("b", definitions=5, private_bytes=9 << 20),
        WaveFacts("heavy", definitions=5, private_bytes=900 << 20),
        WaveFacts("a", definitions=5, private_bytes=10 << 20),
        WaveFacts("a", definitions=5, private_bytes=10 << 20),  # named twice is deployed once
    ]
    assert waves(locations, spec("1", "2", "3")) == (("a",), ("b",), ("heavy",), ("big",))


OWNED = [
    WaveFacts("s1", "sales", 3),
    WaveFacts("s2", "sales", 1),
    WaveFacts("s3", "sales", 2),
    WaveFacts("t1", "stock", 9),
    WaveFacts("t2", "stock", 8),
    WaveFacts("n1", None, 1),
    WaveFacts("n2", None, 2),
]


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (("1",), (("t2", "t1"), ("s2", "s3", "s1", "n1", "n2"))),  # an owner is not torn apart
        (("2", "3"), (("t2", "t1"), ("s2", "s3", "s1"), ("n1", "n2"))),
        (("1", "2", "6"), (("t2", "t1"), ("s2", "s3", "s1", "n1"), ("n2",))),  # nobody's are on their own
        ((), (("t2", "t1", "s2", "s3", "s1", "n1", "n2"),)),
    ],
)
def test_all_of_an_owner_together(ends: tuple[str, ...], expected: tuple[tuple[str, ...], ...]) -> None:
    assert waves(OWNED, spec(*ends, order="owner")) == expected


def test_canaries_are_a_wave_of_their_own_before_all_others() -> None:
    canary = ("s1", "t1", "s1", "not deployed")
    assert waves(OWNED, spec("1", "3", canary=canary))[:2] == (("s1", "t1"), ("n1",))
    assert waves(OWNED, spec(canary=canary)) == (("s1", "t1"), ("n1", "s2", "n2", "s3", "t2"))
    assert waves(OWNED, spec(canary=tuple(one.name for one in OWNED))) == (tuple(one.name for one in OWNED),)
    by_owner = waves(OWNED, spec("4", canary=("s1",), order="owner"))
    assert by_owner == (("s1",), ("s2", "s3", "t2", "t1"), ("n1", "n2"))
