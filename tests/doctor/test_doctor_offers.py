"""Which libraries the doctor offers as shared services, and from how many users at the same time on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from test_doctor_besides import diagnosis, finding

from reef.doctor.findings import Costs, Diagnosis
from reef.doctor.offers import PROCESS_BYTES, offers_of, pays_from
from reef.doctor.page import page_of
from reef.doctor.report import as_plain, report_of
from reef.doctor.table import WIDTH, rendered

MB = 10**6
GB = 10**9


def fleet(*needs: tuple[str, int, str]) -> list[Diagnosis]:
    """Locations that each import `postal` at so many bytes and need it so."""
    return [
        diagnosis(name, finding(name, f"/top/{name}.py", private=size, needed=needed))
        for name, size, needed in needs
    ]


# What the fleet is; locations, bytes as it is, bytes as a service, and users from which that pays. None: no offer.
TABLE: list[tuple[str, list[tuple[str, int, str]], tuple[Any, ...] | None]] = [
    (
        "two need it to run",
        [("a", 2 * GB, "run"), ("b", GB, "run")],
        (("a", "b"), 3 * GB, 2 * GB + PROCESS_BYTES, 2),
    ),
    ("one, and it is heavy", [("a", 200 * MB, "run")], (("a",), 200 * MB, 200 * MB + PROCESS_BYTES, 2)),
    ("one, and it is not heavy enough", [("a", 199 * MB, "run")], None),
    (
        "as light as the process itself",
        [("a", 20 * MB, "run"), ("b", 20 * MB, "run")],
        (("a", "b"), 40 * MB, 40 * MB, 3),
    ),
    ("lighter than the process", [("a", 19 * MB, "run"), ("b", 19 * MB, "run")], None),
    ("one of two needs it to define", [("a", 90 * MB, "run"), ("b", 90 * MB, "define")], None),
    ("one of two, nobody can tell", [("a", 90 * MB, "run"), ("b", 90 * MB, "unknown")], None),
    (
        "two of three",
        [("a", 90 * MB, "run"), ("b", 90 * MB, "define"), ("c", 90 * MB, "run")],
        (("a", "c"), 180 * MB, 90 * MB + PROCESS_BYTES, 2),
    ),
    ("needed to define, however heavy", [("a", 2 * GB, "define"), ("b", 2 * GB, "define")], None),
    ("it costs time alone", [("a", 0, "run"), ("b", 0, "run")], None),
]


@pytest.mark.parametrize(("needs", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_offered(needs: list[tuple[str, int, str]], wanted: tuple[Any, ...] | None) -> None:
    found = [
        (one.locations, one.now_bytes, one.service_bytes, one.pays_from) for one in offers_of(fleet(*needs))
    ]
    assert found == ([] if wanted is None else [wanted])


@pytest.mark.parametrize("library", [MB, 3 * MB, 10 * MB, 19 * MB, 20 * MB, 21 * MB, 2 * GB])
def test_it_pays_from_the_first_number_of_users_that_take_more(library: int) -> None:
    users = pays_from(library)
    assert users * library > library + PROCESS_BYTES
    assert (users - 1) * library <= library + PROCESS_BYTES


def test_lines_of_one_library_in_one_location_are_one_process() -> None:
    both = [
        finding("a", private=300 * MB),
        finding(
            "a",
            line=9,
            private=MB * 500,
            module="postal.expand",
            costs=Costs(private_bytes=500 * MB, wall_s=2),
        ),
    ]
    (one,) = offers_of([diagnosis("a", *both)])
    assert (one.library, one.module, one.library_bytes) == ("postal", "postal.expand", 800 * MB)
    assert one.import_s == pytest.approx(2.1)
    needed = finding("a", line=9, private=MB, needed="define")
    assert offers_of([diagnosis("a", both[0], needed)]) == ()  # the library is imported all the same


def test_what_saves_most_comes_first_and_other_findings_are_no_library() -> None:
    def of(module: str, size: int, **more: Any) -> list[Diagnosis]:
        return [diagnosis(name, finding(name, module=module, private=size, **more)) for name in ("a", "b")]

    fleet = [*of("small", 30 * MB), *of("big", GB), *of("made", GB, kind="client"), *of("", GB)]
    assert [one.library for one in offers_of(fleet)] == ["big", "small"]


def test_the_report_shows_all_three_ways() -> None:
    report = report_of("/top/reef.yaml", "/top", fleet(("a", 2 * GB, "run"), ("b", 2 * GB, "run")))
    text = rendered(report)
    assert max(map(len, text.splitlines())) <= WIDTH
    start = text.index("postal: 2 locations only need it to run")
    told = [re.sub(r" +", " ", line) for line in text[start:].splitlines()[1:5]]
    assert told == [
        " as it is 4.0 GB in servers that are up, and 2.0 GB more in each run",
        " lazy import 2.0 GB in each run that uses it, 0.10 s to import",
        " as a service 2.0 GB once while it is used, 0.10 s to import, and 1 ms a call",
        " a service takes less memory than a lazy import from 2 runs at the same time on",
    ]
    (plain,) = as_plain(report)["offers"]
    assert (plain["library"], plain["locations"], plain["pays_from"]) == ("postal", ("a", "b"), 2)
    assert "from 2 runs at the same time on" in page_of(report, {})
