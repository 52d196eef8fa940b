"""What becomes of a load: a table of what it found and what is served."""

from __future__ import annotations

import pytest

from reef.records.served import ServedRecord
from reef.releasing.judging import Verdict, judge
from reef.releasing.loading import Loaded
from reef.snapshots.record import Recording
from reef.versions.contract import Stamp
from reef.wire.serdes import ErrorInfo, error_json


def error(address: str, message: str = "no such table") -> str:
    """As Dagster tells one: the same failure has other details each time."""
    return error_json(ErrorInfo(f"ValueError: {message}\n", (f"  object at {address}\n",), "ValueError"))


def found(load_error: str | None, version: str = "2") -> Loaded:
    return Loaded(Stamp(version, "", "", {}), Recording(None, load_error, load_error), None, 0.1)


def served(version: str = "1", load_error: str | None = None) -> ServedRecord:
    return ServedRecord("sales", version, f"reef-{version}", None, load_error)


@pytest.mark.parametrize(
    ("loaded", "before", "show_error", "verdict"),
    [
        (found(None), None, False, "serve"),
        (found(None), served(), False, "serve"),
        (found(None), served(load_error=error("0x1")), False, "serve"),
        (found(error("0x1")), None, False, "serve"),
        (found(error("0x1")), served(), False, "keep"),
        (found(error("0x1")), served(), True, "serve"),
        (found(error("0x2"), "1"), served("1", error("0x1")), False, "same error"),
        (found(error("0x2"), "1"), served("1", error("0x1")), True, "same error"),
        (found(error("0x2", "no such column"), "1"), served("1", error("0x1")), False, "serve"),
        (found(error("0x2"), "2"), served("1", error("0x1")), False, "serve"),
    ],
)
def test_a_load_is_judged(
    loaded: Loaded, before: ServedRecord | None, show_error: bool, verdict: Verdict
) -> None:
    assert judge(loaded, before, show_error) == verdict
