"""The rule of proposals, as tables, and replayed against days that come after."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from dayshapes import FIRST, Made, fleet, growing, hours_of, recorded, spikes, weekly
from reef.decide.sizing.proposal import GIB, MIB, Has, Proposal, cpu_up, memory_up
from reef.decide.sizing.proposing import proposal
from reef.decide.sizing.stretches import DAY_S, Spread, Stretch, joined, quantile
from reef.decide.sizing.used import Used, Watch, used
from reef.usage.history import History
from replaying import kills, proposed, replayed, watched

HOUR_S = 3600
BIG = Has(4 * GIB, 4 * GIB, 1.0, None, "standing")


def hour(day: int, at: int = 12, memory: float = 200 * MIB, **more: object) -> Stretch:
    flat = Spread(memory, memory, memory)
    values: dict[str, object] = {
        "awake_s": HOUR_S,
        "own": flat,
        "whole": flat,
        "cpu": Spread(0.1, 0.1, 0.3),
        **more,
    }
    return Stretch(start=FIRST + day * DAY_S + at * HOUR_S, **values)  # type: ignore[arg-type]


def seen(days: int, *more: Stretch, memory: float = 200 * MIB) -> Used:
    return used([*(hour(day, memory=memory) for day in range(days)), *more], watched(0, days))


def of(found: Used, has: Has = BIG) -> Proposal:
    return proposal(found, found, has, "whole")


def test_a_quiet_location_gets_what_it_has_and_some_more() -> None:
    found = of(seen(28))
    assert found.memory_request.value == memory_up(220 * MIB)
    assert found.memory_limit.value == memory_up(264 * MIB)  # a quarter more would be less than 64 MiB more
    assert found.cpu_request.value == 0.12
    assert found.placement.value == "packed"


def test_one_spike_is_no_reason_to_request_more_but_counts_for_the_limit() -> None:
    found = of(seen(28, hour(9, 3, memory=GIB)))
    assert found.memory_request.value == memory_up(220 * MIB)
    assert isinstance(found.memory_limit.value, int)
    assert found.memory_limit.value >= 1.25 * GIB


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (
            used([hour(0)], Watch(FIRST, FIRST + 7200, 7200, frozenset({FIRST // DAY_S}))),
            "2 hours were watched",
        ),
        (used([], watched(0, 9)), "it was never awake in 9 days: 0 probes"),
        (used([hour(0, awake_s=0, probes=1)], watched(0, 9)), "1 probes say what a load takes"),
        (used([hour(0, awake_s=60, wakes=1)], watched(0, 9)), "awake for 1 minutes in 1 wakes"),
    ],
)
def test_too_little_was_seen(found: Used, says: str) -> None:
    made = of(found, replace(BIG, placement="packed"))
    assert not made.changes
    assert made.none_because is not None
    assert says in made.none_because


def test_a_standing_location_that_nobody_ever_called_need_not_stand() -> None:
    found = of(used([], watched(0, 9)))
    assert (found.placement.value, found.memory_limit.value) == ("packed", None)


def test_somebody_elses_server_gets_no_proposal() -> None:
    assert of(seen(28), Has(placement="external")).none_because == "somebody else runs its server"


def test_a_limit_is_not_lowered_before_a_whole_week() -> None:
    found = of(seen(6))
    assert found.memory_limit.value is None
    assert "6 of 7 weekdays were seen" in found.memory_limit.why
    assert found.memory_request.value == memory_up(220 * MIB)


def test_before_a_whole_week_a_request_covers_the_highest_peak() -> None:
    assert of(seen(5, hour(3, 3, memory=GIB))).memory_request.value == memory_up(1.1 * GIB)


def test_a_limit_that_it_was_killed_at_is_raised_at_once() -> None:
    killed = hour(1, 3, memory=200 * MIB, kills=2, killed_at=256 * MIB)
    found = of(seen(2, killed), Has(256 * MIB, 256 * MIB, None, None, "packed"))
    assert found.memory_limit.value == memory_up(384 * MIB)
    assert "killed at 256 MiB" in found.memory_limit.why


def test_a_limit_that_is_nearly_reached_is_raised() -> None:
    has = Has(256 * MIB, 210 * MIB, None, None, "packed")
    assert of(seen(2), has).memory_limit.value == memory_up(350 * MIB)


def test_a_peak_before_the_window_counts_for_the_limit() -> None:
    ever = seen(28, hour(2, 3, memory=2 * GIB))
    window = used([hour(day) for day in range(21, 28)], watched(21, 28))
    found = proposal(window, ever, replace(BIG, memory_limit=16 * GIB), "whole")
    assert isinstance(found.memory_limit.value, int)
    assert found.memory_limit.value > 2.4 * GIB
    assert "25 days ago, before the window" in found.memory_limit.why
    assert found.memory_request.value == memory_up(220 * MIB)


def test_what_fits_stays() -> None:
    has = Has(224 * MIB, 300 * MIB, 0.12, None, "packed")
    found = of(seen(28), has)
    assert not found.changes
    assert found.memory_request.why.startswith("fits: on an ordinary day it has 200 MiB")


def test_a_request_is_never_above_its_limit() -> None:
    found = of(seen(3), Has(None, 190 * MIB, None, 0.05, "packed"))
    assert isinstance(found.memory_request.value, int)
    assert isinstance(found.memory_limit.value, int)
    assert found.memory_request.value <= found.memory_limit.value
    assert found.cpu_request.value == 0.05


def test_many_wakes_are_worth_a_standing_server() -> None:
    packed = replace(BIG, placement="packed")
    often = seen(28, hour(3, wakes=28 * 24 * 40))
    assert of(often, packed).placement.value is None  # it sleeps most of the time all the same
    assert of(replace(often, awake_s=27 * DAY_S), packed).placement.value == "standing"


def test_a_source_that_knows_no_calls_proposes_no_placement() -> None:
    found = proposal(seen(28), seen(28), BIG, "whole", calls_known=False)
    assert found.placement.value is None


def test_growth_is_carried_on() -> None:
    made = Made("grows", BIG, tuple(hours_of(growing(400 * MIB, 0.01), random.Random(1), 60)))
    found = proposed(made, 21)
    assert "it grows, by" in found.memory_limit.why
    assert replayed([made], 21, 51).oom_kills == 0


def test_quantiles_are_never_too_low() -> None:
    assert quantile([], 0.5) == 0
    assert quantile([(3, 1), (1, 1), (2, 1)], 0.5) == 2
    minutes = [hour(0, memory=each * MIB, awake_s=60) for each in range(1, 101)]
    assert joined(minutes, 0).whole == Spread(50 * MIB, 95 * MIB, 100 * MIB)
    hours = [joined(minutes[first : first + 10], 0) for first in range(0, 100, 10)]
    whole = joined(hours, 0).whole
    assert 50 * MIB <= whole.p50 <= 60 * MIB
    assert 95 * MIB <= whole.p95 <= 100 * MIB
    assert whole.peak == 100 * MIB


def test_figures_are_rounded_up_to_what_people_write() -> None:
    assert [memory_up(each * MIB) // MIB for each in (1, 64, 65, 1025, 9000)] == [16, 64, 80, 1088, 9216]
    assert [cpu_up(each) for each in (0.001, 0.012, 0.1, 0.111, 1.01)] == [0.005, 0.015, 0.1, 0.12, 1.1]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("days", [8, 14, 30])
def test_later_days_meet_no_kill_and_most_of_what_is_too_much_is_freed(seed: int, days: int) -> None:
    found = replayed(fleet(seed, days + 30, 2), days, days + 30)
    assert found.oom_kills == 0
    assert found.memory_share >= 0.8
    assert found.cpu_share >= 0.8


def test_days_of_a_real_fleets_minutes_meet_no_kill() -> None:
    """`recorded/` is the history of a real host: 21 minutes of ten locations of `reef demo`, with their daemon."""
    history = History(Path(__file__).parent / "recorded")
    minutes = {name: history.minutes(name, 0) for name in history.locations()}
    awake = {name: found for name, found in minutes.items() if sum(each.awake_s for each in found)}
    assert len(awake) == 8
    assert max(each.whole.peak for found in awake.values() for each in found) > 100 * MIB
    replay = replayed(recorded(awake, 38), 8, 38)
    assert (replay.oom_kills, replay.proposed) == (0, 8)
    assert replay.memory_share >= 0.8
    assert replay.cpu_share >= 0.8


@pytest.mark.parametrize("days", range(1, 8))
def test_the_first_week_kills_nobody(days: int) -> None:
    assert replayed(fleet(days, 37, 1), days, 37).oom_kills == 0


def test_a_replay_can_find_a_kill() -> None:
    """The replay is no test that cannot fail: a limit at the peak that was seen is not enough."""
    made = Made("wild", BIG, tuple(hours_of(spikes(300 * MIB, 8, 0.3), random.Random(2), 44)))
    assert kills(made.days(14, 44), max(each.whole.peak for each in made.days(0, 14))) > 0
    assert replayed([made], 14, 44).oom_kills == 0


def test_a_weekly_peak_that_was_not_seen_is_why_limits_wait() -> None:
    made = Made("weekly", BIG, tuple(hours_of(weekly(300 * MIB, 5), random.Random(3), 37)))
    assert max(each.whole.peak for each in made.days(4, 37)) > 1.2 * GIB
    assert replayed([made], 3, 37).oom_kills == 0
