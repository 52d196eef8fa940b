"""What `reef doctor` found last is on the page of a location."""

from __future__ import annotations

import time
from pathlib import Path

from reef.host.web_detail import found_by_doctor
from reef.records.diagnoses import FOLDER, KeptDiagnosis, keep_diagnosis, kept_diagnosis


def test_what_was_found_is_shown_with_its_age(tmp_path: Path) -> None:
    keep_diagnosis(
        tmp_path, "sales", KeptDiagnosis(time.time() - 7200, ("defs.py:3: import of pandas costs 58 MB.",))
    )
    ((title, lines),) = found_by_doctor(tmp_path, "sales")
    assert title == "Doctor"
    assert lines[0] == "defs.py:3: import of pandas costs 58 MB."
    assert lines[-1].startswith("reef doctor looked 2 h")


def test_nothing_found_is_said_too(tmp_path: Path) -> None:
    keep_diagnosis(tmp_path, "sales", KeptDiagnosis(time.time(), ()))
    ((_, lines),) = found_by_doctor(tmp_path, "sales")
    assert lines[0] == "Nothing heavy was found."


def test_who_was_never_looked_at_and_what_cannot_be_read_say_nothing(tmp_path: Path) -> None:
    assert found_by_doctor(tmp_path, "sales") == ()
    keep_diagnosis(tmp_path, "sales", KeptDiagnosis(0.0, ("x",)))
    (file,) = (tmp_path / FOLDER).iterdir()
    file.write_bytes(b"{")
    assert found_by_doctor(tmp_path, "sales") == ()
    keep_diagnosis(tmp_path / "nowhere", "sales", KeptDiagnosis(0.0, ("x",)))
    assert kept_diagnosis(tmp_path / "nowhere", "sales") is None
