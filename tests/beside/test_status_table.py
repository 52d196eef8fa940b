"""`reef status` for people: the columns of a terminal are enough, and what matters stays."""

from __future__ import annotations

from typing import Any

import pytest

from reef.cli.status_table import render

REASON = "Python 3.12.1, others have 3.11.7; a zygote for it alone would take 95 MB and save 60 MB"


def row(name: str, **others: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "name": name,
        "owner": None,
        "state": "asleep",
        "version": "0123456789ab",
        "private_bytes": 0,
        "shared_bytes": 0,
        "wakes": 0,
        "last_cold_start_s": None,
        "calls": 0,
        "live_runs": [],
        "not_forked_because": None,
        "last_error": None,
    }
    return {**known, **others}


def status(*rows: dict[str, Any]) -> dict[str, Any]:
    zygote = {
        "key": "abcdef012345",
        "pss_bytes": 106e6,
        "modules": 1465,
        "locations": len(rows),
        "python": "/a/rather/long/path/of/an/interpreter/that/nobody/needs/to/see/bin/python",
        "features": ["preload", "rehearsal", "plugged", "immortal"],
        "left_out": [],
        "successor_failed": None,
    }
    totals = {
        "locations": len(rows),
        "states": {"asleep": len(rows)},
        "reef_pss_bytes": 150e6,
        "zygotes_pss_bytes": 106e6,
        "children_pss_bytes": 0,
        "standing_estimate_bytes": 950e6,
    }
    return {"locations": list(rows), "zygotes": [zygote], "totals": totals, "host": {"pss_bytes": 44e6}}


WARM = row(
    "sales-analytics-of-the-northern-region",
    owner="team-north",
    state="warm",
    private_bytes=7_400_000,
    shared_bytes=1_900_000,
    wakes=12,
    last_cold_start_s=0.071,
    calls=3210,
    not_forked_because=REASON,
)


def test_without_a_terminal_nothing_is_cut() -> None:
    heading, line, *rest = render(status(WARM)).splitlines()
    assert heading.split() == [
        "LOCATION",
        "OWNER",
        "STATE",
        "VERSION",
        "OWN",
        "MB",
        "SHARED",
        "WAKES",
        "COLD",
        "s",
        "CALLS",
        "NOTE",
    ]
    assert line.split()[:9] == [
        "sales-analytics-of-the-northern-region",
        *["team-north", "warm", "01234567", "7.4", "1.9", "12", "0.07", "3210"],
    ]
    assert line.endswith(f"not forked: {REASON}")
    assert any("nobody/needs/to/see" in each for each in rest)


@pytest.mark.parametrize("width", [60, 80, 100, 132])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    broken = row("x", state="failed", last_error="ModuleNotFoundError: No module named 'no_such'\nmore")
    lines = render(status(WARM, broken), width).splitlines()
    assert max(map(len, lines)) <= width
    assert lines[1].startswith("sales-analy")
    assert " warm " in lines[1]
    assert " 7.4 " in lines[1]
    assert "not forked: Py" in lines[1]
    assert "ModuleNotFoundE" in lines[2]


def test_a_column_that_nobody_fills_takes_no_room() -> None:
    assert "OWNER" not in render(status(row("x"), row("y")))


def test_where_rows_do_not_fit_the_sleeping_give_way() -> None:
    many = [row(f"l{number}") for number in range(100)] + [row("last", state="warm")]
    lines = render(status(*many), 80, 24).splitlines()
    assert len(lines) < 24
    assert lines[1].startswith("last ")
    assert any(line.startswith("and ") and line.endswith(" more") for line in lines)


def test_one_location_is_told_in_full() -> None:
    text = render(status(WARM), 80, full=True)
    assert f"not_forked_because: {REASON}" in text
    assert "private_bytes: 7400000" in text


@pytest.mark.parametrize(
    ("connects", "starts", "loads", "said"),
    [
        (
            ["api.example.com:443"],
            [],
            3,
            "its load connects to api.example.com:443; 3 loads in the last hour",
        ),
        ([], ["git"], 1, "its load starts git; 1 load in the last hour"),
        (
            list("abcde"),
            ["git"],
            0,
            "its load connects to a, b, c and 2 more and starts git; 0 loads in the last hour",
        ),
    ],
)
def test_what_a_load_does_outside_is_said(
    connects: list[str], starts: list[str], loads: int, said: str
) -> None:
    found = row("x", outside={"connects": connects, "starts": starts}, loads_last_hour=loads)
    assert said in render(status(found))


@pytest.mark.parametrize("outside", [{}, {"connects": [], "starts": []}])
def test_a_load_that_stays_at_home_is_not_spoken_of(outside: dict[str, Any]) -> None:
    assert "its load" not in render(status(row("x", outside=outside, loads_last_hour=5)))


@pytest.mark.parametrize("error", [None, "", "\n", "why:\n", "ended; it wrote:\n\n  KeyError: 'X'\nmore"])
@pytest.mark.parametrize("runs", [0, 1, 2])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_no_line_ends_at_a_colon_and_numbers_agree(error: str | None, runs: int, number: int) -> None:
    rows = [row(f"x{n}", last_error=error, live_runs=list("ab"[:runs])) for n in range(number)]
    shown = render(status(*rows))
    assert not [line for line in shown.splitlines() if line.rstrip().endswith(":")]
    assert "(s)" not in shown
    assert ("1 location:" in shown) is (number == 1)
    assert ("1 live run" in shown) is (runs == 1 and number > 0)
    assert "1 live runs" not in shown


def test_what_a_zygote_leaves_out_is_told_with_its_price() -> None:
    held = {"name": "polars", "why": "starts a thread", "import_s": 0.61, "modules": 194}
    many = [{**held, "name": f"library{number}", "import_s": 0.0} for number in range(6)]
    whole = status(WARM)
    whole["zygotes"][0] |= {"left_out": [held, *many], "successor_failed": "it died"}
    lines = render(whole).splitlines()
    assert "  leaves out polars: it starts a thread; a wake that needs it imports it in 0.6 s" in lines
    assert "  leaves out library3: it starts a thread; a wake that needs it imports it" in lines
    assert "  and 2 more: see `reef status --json`" in lines
    assert "  stays, for the next one failed: it died" in lines


def service(state: str = "asleep", **others: Any) -> dict[str, Any]:
    known = {"state": state, "calls": 0, "starts": 0, "private_bytes": 0, "error": "", "last_error": ""}
    return {**known, **others}


SERVICES = {
    "postal": service("warm", calls=2, private_bytes=2_100_000_000, last_error="its process ended"),
    "geo": service("failed", error="geo does not start: ModuleNotFoundError: geo", last_error="older"),
    "far": service("elsewhere"),
}


def test_shared_services_have_a_line_each() -> None:
    text = render({**status(WARM), "services": SERVICES})
    lines = text[text.index("SERVICE ") :].splitlines()
    assert lines[:5] == [
        "SERVICE  STATE      OWN MB  CALLS  NOTE",
        "postal   warm       2100.0  2      its process ended",
        "geo      failed     -       0      geo does not start: ModuleNotFoundError: geo",
        "far      elsewhere  -       0",
        "",
    ]


def test_services_take_their_room_from_locations_and_no_more_than_a_terminal() -> None:
    rows = [row(f"location-{number}") for number in range(40)]
    lines = render({**status(*rows), "services": SERVICES}, 40, 24).splitlines()
    assert len(lines) < 24
    assert all(len(line) <= 40 for line in lines)
    assert [line.split()[0] for line in lines if line.startswith(("postal", "geo", "far"))] == [
        "postal",
        "geo",
        "far",
    ]


def test_without_services_nothing_is_said_of_them() -> None:
    assert "SERVICE" not in render({**status(WARM), "services": {}})
    assert "SERVICE " not in render(
        {**status(WARM), "services": SERVICES}, full=True
    )  # one location, in full
