"""What the pages show, from what the host says."""

from __future__ import annotations

import asyncio

import pytest
import told_contract
from sites import FakeHost
from status_rows import DEFAULT_LIMIT, MB, asleep, row, status

from reef.web import drawing
from reef.web.chronicle import Chronicle, Wake
from reef.web.fleet_view import BAR_W, NOBODY, SORTS, Row, groups_of, rows_of, sorted_rows, totals_of
from reef.web.links import dagster_links, location_link
from reef.web.location_view import cold_starts_of, facts_of, strip_of
from reef.web.moments import Moment
from reef.web.series import Series

NONE = Chronicle(lambda _name: False)


def shown(*rows: dict) -> list[Row]:  # type: ignore[type-arg]
    return rows_of(status(*rows), NONE, Series())


def test_a_bar_is_as_long_as_the_limit_of_a_location_of_its_own() -> None:
    (one,) = shown(row("a", memory_limit_bytes=80 * MB))
    assert (one.all_part, one.own_part) == (BAR_W / 2, BAR_W * 3 / 8)
    assert (one.memory, one.limit, one.near_limit) == ("40.0", "80.0", False)
    assert one.bar_label == "30.0 MB of its own and 10.0 MB shared; its limit is 80.0 MB"


def test_a_limit_as_large_as_the_machine_is_not_what_a_bar_is_drawn_against() -> None:
    largest, half = shown(row("a"), row("b", pss_bytes=20 * MB))
    assert (largest.all_part, half.all_part, largest.limit) == (BAR_W, BAR_W / 2, "")


def test_near_its_limit() -> None:
    (one,) = shown(row("a", memory_limit_bytes=32 * MB))
    assert one.near_limit


def test_one_that_sleeps_has_no_bar() -> None:
    (one,) = shown(asleep("a"))
    assert (one.memory, one.all_part, one.bar_label) == ("", 0, "")


def names(rows: list[Row]) -> str:
    return "".join(one.name for one in rows)


def test_rows_are_sorted_by_each_column() -> None:
    rows = shown(
        row("B", pss_bytes=10, calls=7, last_cold_start_s=3.0),
        asleep("a", calls=7, last_cold_start_s=None),
        row("c", state="failed", pss_bytes=30, calls=1, last_cold_start_s=1.0),
    )
    assert {by: names(sorted_rows(rows, by, down=False)) for by in SORTS} == {
        "name": "aBc",
        "state": "cBa",
        "memory": "aBc",
        "wake": "aBc",
        "cold": "acB",
        "calls": "caB",
    }
    assert names(sorted_rows(rows, "memory", down=True)) == "cBa"
    assert names(sorted_rows(rows, "nonsense", down=True)) == "cBa"


def test_groups_are_by_owner_and_nobodys_come_last() -> None:
    groups = groups_of(
        shown(row("x"), row("y", owner="risk"), asleep("z", owner="Risk"), row("w", owner="data"))
    )
    assert [(group.owner, names(list(group.rows))) for group in groups] == [
        ("data", "w"),
        ("risk", "y"),
        ("Risk", "z"),
        (NOBODY, "x"),
    ]
    assert groups[0].told == "1 location: 1 warm; 40.0 MB"


def test_totals_say_what_a_pod_for_each_would_take_and_what_is_not_measured() -> None:
    found = status(row("a"), asleep("b", warm_private_bytes=None))
    totals = totals_of(found, rows_of(found, NONE, Series()), Series())
    assert (totals.used, totals.standing, totals.times, totals.unmeasured) == ("90.0", "300", "3.3", 1)
    assert (totals.states, totals.chart) == ((("warm", 1), ("asleep", 1)), None)


def test_troubles_of_the_fleet_are_told() -> None:
    found = status(webserver_trouble="it refused", beside={"daemon": {"pid": None, "restarts": 2}})
    assert totals_of(found, [], Series()).troubles == ("it refused", "daemon is down")


def test_a_chart_from_the_second_sample_on() -> None:
    series, found = Series(), status(row("a"))
    for at in (0.0, 60.0):
        series.add(at, found)
    chart = totals_of(found, rows_of(found, NONE, series), series).chart
    assert chart is not None
    assert chart.since == "1 min"
    assert chart.used.startswith("0.0,")
    assert chart.used.split(" ")[-1].startswith("600.0,")


@pytest.mark.parametrize(
    ("values", "points"),
    [((), ""), ((0, 0), ""), ((5,), "59,1"), ((0, 4, 4, 4, 8), "55,17 56,9 58,9 59,1")],
)
def test_a_sparkline_ends_at_the_right_and_has_no_needless_points(
    values: tuple[int, ...], points: str
) -> None:
    assert drawing.spark(values) == points


def test_something_is_never_drawn_as_nothing() -> None:
    assert (drawing.part(1, 10_000, 64), drawing.part(0, 10, 64), drawing.part(20, 10, 64)) == (1, 0, 64)


# -- one location ------------------------------------------------------------------------------------


def test_the_strip_shows_when_a_server_was_there() -> None:
    moments = [
        Moment(100.0, "wake", ""),
        Moment(200.0, "sleep", ""),
        Moment(200.1, "end", ""),
        Moment(500.0, "wake", ""),
    ]
    strip = strip_of(moments, True, 700.0)
    assert strip.up == ((0.0, 100.0), (400.0, 200.0))
    assert "50% of the time; 2 wakes, 0 calls, 0 troubles" in strip.label


def test_a_server_that_was_there_before_what_is_remembered() -> None:
    strip = strip_of([Moment(100.0, "sleep", "")], False, 700.0)
    assert strip.up == ((0.0, 1.0),)
    assert strip_of([], True, 700.0).up == ((0.0, 600.0),)
    assert strip_of([], False, 700.0).up == ()


def test_cold_starts_in_words() -> None:
    wakes = [Wake(0.0, "sensor tick", took_s) for took_s in (0.4, 0.1, 0.2)]
    found = cold_starts_of(wakes)
    assert found is not None
    assert found.told == "the last 0.2 s, half of 3 within 0.2 s, the slowest 0.4 s"
    assert [height for _, height, _ in found.bars] == [40, 10, 20]
    assert cold_starts_of([]) is None


def test_facts_leave_out_what_is_not_known() -> None:
    facts = dict(facts_of(row("a", memory_limit_bytes=DEFAULT_LIMIT)))
    assert facts["process"] == "pid 17, forked"
    assert not {"pinned", "live runs", "not forked"} & facts.keys()


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("a b/c", "/location/a%20b%2Fc"),
        ("..", "/location/?name=.."),
        ('"><script>', "/location/%22%3E%3Cscript%3E"),
        ("ä?#&", "/location/%C3%A4%3F%23%26"),
    ],
)
def test_every_name_has_an_address(name: str, link: str) -> None:
    assert location_link(name) == link


def test_links_into_dagster() -> None:
    found = dict(dagster_links("http://x", "a b", ["__repository__"]))
    assert found["jobs"] == "http://x/locations/a%20b/jobs"
    assert dict(dagster_links("http://x", "a", ["r", "s"]))["jobs of s"] == "http://x/locations/s@a/jobs"
    assert dagster_links(None, "a", ["r"]) == ()


def test_a_host_tells_all_that_a_page_asks_for() -> None:
    """A page of a cluster passes the same contract in tests/viewing."""
    asyncio.run(told_contract.holds(FakeHost(log="a line").told(), "x y/z"))
