"""Samples over time: bounded, and of what is there."""

from __future__ import annotations

from itertools import pairwise

from status_rows import MB, asleep, row, status

from reef.web.series import KEPT, MOST_OF_FLEET, SAMPLE_S, Series


def test_memory_and_calls_of_each_sample() -> None:
    series = Series()
    series.add(0.0, status(row("a", calls=3), asleep("b", calls=0)))
    series.add(15.0, status(row("a", calls=5, pss_bytes=20 * MB), asleep("b", calls=1)))
    assert series.memory("a") == (40 * MB >> 10, 20 * MB >> 10)
    assert (series.calls("a"), series.calls("b")) == ((3, 2), (0, 1))
    assert series.memory("nobody") == ()


def test_of_each_location_the_last_quarter_of_an_hour_is_kept() -> None:
    series = Series()
    for number in range(200):
        series.add(number * SAMPLE_S, status(row("a", pss_bytes=number << 10)))
    assert series.memory("a") == tuple(range(200 - KEPT, 200))


def test_of_the_fleet_the_whole_life_of_the_host_is_kept_with_fewer_points() -> None:
    series = Series()
    for number in range(10 * MOST_OF_FLEET):
        series.add(float(number), status(row("a")))
    points = series.fleet()
    assert MOST_OF_FLEET / 2 <= len(points) <= MOST_OF_FLEET
    gaps = {later.at - earlier.at for earlier, later in pairwise(points)}
    assert (points[0].at, gaps) == (0.0, {16.0})


def test_what_left_the_fleet_is_forgotten() -> None:
    series = Series()
    series.add(0.0, status(row("a"), row("b")))
    series.add(15.0, status(row("a")))
    assert series.memory("b") == ()
