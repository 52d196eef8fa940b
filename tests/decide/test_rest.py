"""The rule of keep-warm or sleep, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reef.decide import rest
from reef.views import Costs, LocationView

MB = 1_000_000


def warm(name: str = "a", **changes: object) -> LocationView:
    values: dict[str, object] = {"phase": "warm", "idle_since": 0.0, "private_bytes": 20 * MB, **changes}
    return LocationView(name=name, **values)  # type: ignore[arg-type]


def cost(seconds: float, megabytes: int, interval_s: float | None = None) -> Costs:
    return Costs(seconds, seconds, megabytes * MB, interval_s)


@pytest.mark.parametrize(
    ("costs", "chosen", "expected"),
    [
        (Costs(), None, rest.UNMEASURED_S),
        (cost(0.07, 20), None, pytest.approx(31.5)),  # a forked toy: half a minute of memory pays a fork
        (Costs(9.0, 0.07, 20 * MB), None, pytest.approx(31.5)),  # on a busy machine no less and no more
        (cost(0.01, 500), None, rest.SHORTEST_S),
        (cost(16.0, 328), None, pytest.approx(439, abs=1)),  # a dbt project: minutes
        (cost(60.0, 50), None, rest.LONGEST_S),
        (cost(0.07, 20, 30.0), None, pytest.approx(31.5)),  # quick to wake: ticks need no keeping
        (cost(4.0, 2000, 30.0), None, pytest.approx(75.0)),  # slow to wake: kept between its ticks
        (cost(4.0, 2000, 7200.0), None, pytest.approx(18.0)),  # but not for a call every two hours
        (cost(16.0, 328, 30.0), 5.0, 5.0),  # the user's word wins
    ],
)
def test_idle_timeout_weighs_memory_against_cold_start(
    costs: Costs, chosen: float | None, expected: object
) -> None:
    assert rest.idle_timeout_s(costs, chosen) == expected


def outside(seconds: float, megabytes: int, interval_s: float | None = None) -> Costs:
    return replace(cost(seconds, megabytes, interval_s), reaches_outside=True)


@pytest.mark.parametrize(
    ("costs", "chosen", "expected"),
    [
        (
            outside(0.07, 20),
            None,
            rest.LONGEST_S,
        ),  # the cheapest load slept soonest, and called an API at each wake
        (
            outside(0.07, 2000, 10.0),
            None,
            pytest.approx(45.3, abs=0.1),
        ),  # whatever its memory: a tick each 10 s,
        (outside(0.07, 20_000, 30.0), None, pytest.approx(75.0)),  # each 30 s,
        (outside(0.07, 20_000, 90.0), None, pytest.approx(225.0)),  # each 90 s keep it warm
        (
            outside(0.07, 20_000, 300.0),
            None,
            rest.SHORTEST_S,
        ),  # but not gigabytes for a call every five minutes
        (Costs(reaches_outside=True, call_interval_s=30.0), None, pytest.approx(75.0)),  # not measured yet
        (outside(0.07, 20), 5.0, 5.0),  # the user's word wins
    ],
)
def test_a_load_that_costs_somebody_else_something_is_repeated_less_often(
    costs: Costs, chosen: float | None, expected: object
) -> None:
    assert rest.idle_timeout_s(costs, chosen) == expected


@pytest.mark.parametrize("interval_s", range(10, 31, 5))
def test_one_that_is_polled_each_10_to_30_s_never_sleeps_between_polls(interval_s: int) -> None:
    for megabytes in (5, 50, 500, 5000):
        assert rest.idle_timeout_s(outside(0.05, megabytes, float(interval_s)), None) > interval_s


@pytest.mark.parametrize(
    ("costs", "again"), [(Costs(), False), (cost(0.1, 20), False), (Costs(25.0, 0.2, 20 * MB), True)]
)
def test_what_takes_long_to_start_is_started_again_after_a_promotion(costs: Costs, again: bool) -> None:
    assert rest.starts_again(costs) is again


@pytest.mark.parametrize(
    ("view", "sleeps"),
    [
        (warm(), True),
        (warm(idle_since=995.0), False),
        (warm(in_flight=1), False),
        (warm(waiting=1), False),
        (warm(live_runs=1), False),  # invariant 12: live runs pin a child
        (warm(stays_up=True), False),
        (warm(forwards=False), False),
        (warm(phase="asleep"), False),
        (warm(idle_timeout_s=float("inf")), False),
    ],
)
def test_only_the_idle_sleep(view: LocationView, sleeps: bool) -> None:
    assert rest.should_sleep(view, now=1000.0) is sleeps


def test_eviction_takes_the_least_recently_used_idle_ones_until_the_rest_fits() -> None:
    views = [
        warm("newest", idle_since=30.0, private_bytes=100 * MB),
        warm("busy", idle_since=1.0, private_bytes=100 * MB, in_flight=1),
        warm("oldest", idle_since=5.0, private_bytes=100 * MB),
        warm("older", idle_since=10.0, private_bytes=100 * MB),
    ]
    assert rest.evictions(views, 400 * MB) == ()
    assert rest.evictions(views, 399 * MB) == ("oldest",)
    assert rest.evictions(views, 250 * MB) == ("oldest", "older")
    assert rest.evictions(views, 0) == ("oldest", "older", "newest")
    assert rest.evictions(views, None) == ()


def test_over_limit_is_about_the_servers_own_memory() -> None:
    assert rest.over_limit(warm(private_bytes=600 * MB, memory_limit_bytes=512 * MB))
    assert not rest.over_limit(warm(private_bytes=500 * MB, memory_limit_bytes=512 * MB))
    assert not rest.over_limit(warm(private_bytes=500 * MB))
