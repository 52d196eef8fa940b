"""Which versions of a location stay when there are too many, whatever the clock says."""

from __future__ import annotations

from pathlib import Path

from reef.fleet.model import Location
from reef.records.kept import MOST, KeptVersion
from reef.records.kept_files import KeptFiles
from reef.records.served import ServedRecord


def kept(version: str, at: float) -> KeptVersion:
    record = ServedRecord(location="sales", version=version, server_id="x", snapshot=None)
    return KeptVersion(record, Location(name="sales", python="python"), kept_at=at)


def test_after_the_clock_was_set_back_the_newest_versions_are_still_the_last_ones(tmp_path: Path) -> None:
    versions = KeptFiles(tmp_path)
    for number in range(MOST):
        versions.put(kept(f"future{number}", 5000.0 + number))
    for number in range(3):
        versions.put(kept(f"now{number}", 1000.0 + number))
        versions.forget("sales", f"now{number}")
    newest = [one.record.version for one in versions.of("sales")]
    assert newest[:3] == ["now2", "now1", "now0"]
    assert len(newest) == MOST + 1
