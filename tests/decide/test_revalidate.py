"""When definitions are looked at again, and published, as tables."""

from __future__ import annotations

import math

import pytest

from reef.decide import revalidate
from reef.decide.revalidate import ReloadAsked, loads_again
from reef.fleet.units import revalidation, revalidation_text

HOUR = 3600.0


@pytest.mark.parametrize(
    ("asked", "loads"),
    [
        (ReloadAsked(True, None), True),
        (ReloadAsked(True, "never"), True),
        (
            ReloadAsked(True, None, quiet=True, since_other_s=0.0),
            True,
        ),  # adding 1 of 50 loads exactly that one
        (ReloadAsked(False, None), True),  # a person pressed Reload
        (ReloadAsked(False, "never"), False),
        (ReloadAsked(False, None, quiet=True), False),
        (ReloadAsked(False, "on_wake", quiet=True), False),
        (ReloadAsked(False, 600.0, quiet=True), False),
        (ReloadAsked(False, None, since_other_s=0.0), False),  # a sweep: another's is under way
        (ReloadAsked(False, None, since_other_s=1.9), False),
        (ReloadAsked(False, None, since_other_s=2.1), True),
        (ReloadAsked(False, "on_wake", since_other_s=0.5), True),
        (ReloadAsked(False, 600.0, since_other_s=0.5), True),
        (ReloadAsked(False, "never", since_other_s=0.5), False),
        (ReloadAsked(False, "on_wake", since_refresh_s=0.5), False),  # Dagster's refresh ends with a reload
        (ReloadAsked(False, None, since_refresh_s=0.5), False),
        (ReloadAsked(False, None, since_refresh_s=30.0), True),
        (ReloadAsked(True, None, since_refresh_s=0.5), True),
    ],
)
def test_what_a_reload_loads(asked: ReloadAsked, loads: bool) -> None:
    assert loads_again(asked) is loads


def test_changes_of_one_version_are_counted() -> None:
    changes: tuple[float, ...] = ()
    for now in (1.0, 2.0, 3.0, 4.0):
        changes = revalidate.changes_after(changes, same_version=True, same_answers=False, now=now)
    assert changes == (2.0, 3.0, 4.0)
    assert revalidate.changes_after(changes, same_version=True, same_answers=True, now=5.0) == changes
    assert revalidate.changes_after(changes, same_version=False, same_answers=False, now=5.0) == ()


@pytest.mark.parametrize(
    ("changes", "now", "unstable", "held_back_s"),
    [
        ((), 0.0, False, 0.0),
        ((0.0, 1.0), 2.0, False, 0.0),
        ((0.0, 1.0, 2.0), 2.0, True, 600.0),
        ((0.0, 1.0, 2.0), 302.0, True, 300.0),
        ((0.0, 1.0, 2.0), 602.0, True, 0.0),  # one every ten minutes
        ((0.0, 1 * HOUR, 25 * HOUR), 25 * HOUR, False, 0.0),  # a table that changes now and then
        ((0.0, HOUR, 2 * HOUR), 25 * HOUR, False, 0.0),  # it has become quiet
        ((900.0, 901.0, 902.0), 0.0, True, 600.0),  # the clock was set back: never longer than ten minutes
    ],
)
def test_three_changes_make_it_unstable(
    changes: tuple[float, ...], now: float, unstable: bool, held_back_s: float
) -> None:
    assert revalidate.is_unstable(changes, now) is unstable
    assert revalidate.held_back_s(changes, now) == held_back_s


@pytest.mark.parametrize(
    ("every_s", "age_s", "chance", "first_s"),
    [
        (600.0, 0.0, 0.0, 600.0),
        (600.0, 500.0, 0.0, 100.0),
        (600.0, 9000.0, 0.0, 0.0),
        (600.0, 9000.0, 0.5, 30.0),  # those that are due at a start do not all come at once
        (2.0, 9000.0, 0.5, 1.0),
        (600.0, -50.0, 0.0, 600.0),
    ],
)
def test_first_look(every_s: float, age_s: float, chance: float, first_s: float) -> None:
    assert revalidate.first_look_s(every_s, age_s, chance) == first_s


def test_looks_are_spread() -> None:
    assert revalidate.next_look_s(100.0, 0.0) == 90.0
    assert math.isclose(revalidate.next_look_s(100.0, 1.0), 110.0)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("on_wake", "on_wake"),
        ("never", "never"),
        ("every 10m", 600.0),
        ("every 1h30m", 5400.0),
        ("every  1s", 1.0),
    ],
)
def test_how_it_is_written(written: str, means: str | float) -> None:
    assert revalidation(written) == means
    assert revalidation(revalidation_text(means)) == means


@pytest.mark.parametrize(
    "written", ["", "10m", "every", "every 0s", "every 500ms", "every never", "always", "every10m"]
)
def test_what_it_cannot_be(written: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        revalidation(written)
