"""A deploy's progress in JSON: what is told over the host's socket and stands in journals, of older hosts too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reef.records.deploy_progress import (
    DeployOver,
    LocationFailed,
    LocationNotTakenBack,
    LocationProbing,
    LocationPromoted,
    LocationRefused,
    LocationTakenBack,
    Progress,
    WaveBegan,
    WaveHalted,
    WavePassed,
    WaveSoaking,
    plain,
    read,
    retold,
)
from reef.records.journal_file import JournalFile

NOTHING: dict[str, dict[str, list[str]]] = {"added": {}, "removed": {}, "changed": {}}
LOST: dict[str, dict[str, list[str]]] = {**NOTHING, "removed": {"jobs": ["daily"]}}
TOLD: list[tuple[Progress, dict[str, Any]]] = [
    (LocationProbing(location="sales"), {"location": "sales", "state": "probing"}),
    (
        LocationPromoted(
            location="sales", version="b", before=None, definitions=NOTHING, not_kept=None, seconds=1.5
        ),
        {
            "location": "sales",
            "state": "promoted",
            "version": "b",
            "before": None,
            "definitions": NOTHING,
            "not_kept": None,
            "seconds": 1.5,
        },
    ),
    (
        LocationRefused(reason="it would lose jobs", definitions=LOST, live_runs=["r1"], not_pinned=None),
        {
            "state": "refused",
            "reason": "it would lose jobs",
            "definitions": LOST,
            "live_runs": ["r1"],
            "not_pinned": None,
        },
    ),
    (
        WaveBegan(wave=1, waves=2, locations=["sales"]),
        {"state": "wave", "locations": ["sales"], "wave": 1, "waves": 2},
    ),
    (WaveSoaking(wave=1, waves=2, soak_s=0.0), {"state": "soaking", "soak_s": 0.0, "wave": 1, "waves": 2}),
    (WavePassed(wave=1, waves=2), {"state": "passed", "wave": 1, "waves": 2}),
    (
        WaveHalted(wave=1, waves=2, reasons={"sales": "it fails"}),
        {"state": "halted", "reasons": {"sales": "it fails"}, "wave": 1, "waves": 2},
    ),
    (DeployOver(outcome=None, seconds=2.0), {"state": "over", "outcome": None, "seconds": 2.0}),
]


@pytest.mark.parametrize(("progress", "told"), TOLD)
def test_it_travels_as_it_always_did_and_is_read_again(progress: Progress, told: dict[str, Any]) -> None:
    assert plain(progress) == told
    assert read(json.loads(json.dumps(told))) == progress


def test_what_nobody_knows_is_no_progress() -> None:
    with pytest.raises(msgspec.ValidationError):
        read({"state": "levitating"})


def test_how_a_rollback_ended_is_how_a_location_was_taken_back() -> None:
    done = LocationPromoted(version="a", before="b", seconds=1.0)
    assert plain(retold(done, LocationTakenBack, version="b")) == {
        "state": "rolled back",
        "version": "b",
        "before": "b",
        "seconds": 1.0,
    }
    refused = LocationRefused(reason="it is gone")
    assert plain(retold(refused, LocationNotTakenBack)) == {
        "state": "not rolled back",
        "reason": "it is gone",
    }


def test_a_journal_of_an_older_host_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deploy.json"
    done = {"sales": {"state": "failed", "reason": "it does not load", "version": "b", "seconds": 0.2}}
    path.write_text(
        json.dumps({"id": "x", "waves": [["sales"], ["books"]], "state": "running", "done": done})
    )
    found = JournalFile(path).last()
    assert found is not None
    assert (found.state, found.done["sales"]) == (
        "interrupted",
        LocationFailed(reason="it does not load", version="b", seconds=0.2),
    )
    assert found.standing().done == {"sales": "failed"}
