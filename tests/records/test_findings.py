"""What builds have found is kept under the environment's fingerprint."""

from __future__ import annotations

from pathlib import Path

from reef.hosting.plan import Unfit
from reef.hosting.zygote import Built
from reef.records import findings

HELD, NEEDS = Unfit("held", "starts a thread"), Unfit("needs", "imports polars, which starts a thread")


def built(**left_out: Unfit) -> Built:
    return Built((), {}, (), {}, left_out, {}, {"polars": 0.6}, 1.0)


def test_what_does_something_itself_is_kept_and_what_needs_it_is_not(tmp_path: Path) -> None:
    assert findings.keep(tmp_path, "abc", built(polars=HELD, uses=NEEDS))
    found = findings.read(tmp_path, "abc")
    assert found.unfit == {"polars": HELD}
    assert found.costs == {"polars": 0.6}


def test_only_what_is_new_makes_a_plan_look_again(tmp_path: Path) -> None:
    assert findings.keep(tmp_path, "abc", built(polars=HELD))
    assert not findings.keep(tmp_path, "abc", built(polars=HELD))
    assert not findings.keep(tmp_path, "abc", built())
    assert findings.keep(tmp_path, "abc", built(other=HELD))
    assert findings.read(tmp_path, "abc").unfit.keys() == {"polars", "other"}


def test_environments_of_a_fleet_are_known_together_and_others_are_not(tmp_path: Path) -> None:
    findings.keep(tmp_path, "one", built(polars=HELD))
    findings.keep(tmp_path, "two", built(other=HELD))
    assert findings.of_all(tmp_path, ["one", "two"]).unfit.keys() == {"polars", "other"}
    assert findings.of_all(tmp_path, ["three"]).unfit == {}


def test_a_damaged_file_only_means_finding_it_again(tmp_path: Path) -> None:
    findings.keep(tmp_path, "abc", built(polars=HELD))
    (file,) = tmp_path.glob("unfit-*")
    file.write_bytes(b"{")
    assert findings.read(tmp_path, "abc").unfit == {}


def test_a_folder_that_takes_nothing_is_told_and_hurts_nobody(tmp_path: Path) -> None:
    assert not findings.keep(tmp_path / "gone", "abc", built(polars=HELD))
