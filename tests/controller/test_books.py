"""What is written down of a location: versions that may come back, refusals, history; and what a rollback asks for."""

from __future__ import annotations

import msgspec
import pytest

from reef.controller.asked import asked, troubles
from reef.controller.book import MOST_KEPT, Book, KeptVersion
from reef.controller.known import Known, read_known
from reef.controller.rollbacks import completed
from reef.controller.rules import read_rules
from reef.controller.statuses import _patch
from reef.decide.cluster.verdicts import RefusedVersion
from reef.errors import ReefError
from reef.kube.labels import ROLLBACK
from reef.peers.messages import ServedNow


def kept(version: str, at: float) -> KeptVersion:
    served = ServedNow(server_id=f"id-{version}", snapshot=f"digest-{version}", version=version)
    return KeptVersion(
        version=version,
        image="sales:1",
        pinned="sales:1@sha256:0",
        digest="sha256:0",
        spec={},
        served=served,
        recorded_at=at,
    )


def document(
    name: str = "sales", created: str = "2026-11-30T00:00:00Z", **annotations: str
) -> dict[str, object]:
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "namespace": "dagster",
            "creationTimestamp": created,
            "annotations": annotations,
        },
        "spec": {"image": "sales:1", "code": {"module": "sales"}, "location_name": "sales"},
    }


def known(**annotations: str) -> Known:
    return read_known(document(**annotations))


def test_the_newest_versions_are_kept_and_the_one_that_is_shown() -> None:
    book = Book(name="sales").with_version(kept("first", 1.0))
    book = book.with_shown(1, book.kept["first"].served, "It is asked for.", 1.0)
    for number in range(MOST_KEPT + 3):
        book = book.with_version(kept(f"v{number}", 2.0 + number))
    assert "first" in book.kept
    assert len(book.kept) == MOST_KEPT + 1
    assert "v0" not in book.kept


def test_a_version_that_loads_after_all_is_refused_no_more() -> None:
    book = Book(name="sales").with_refused("a", RefusedVersion("LoadError", "no", 1.0))
    assert book.with_version(kept("a", 2.0)).refused == {}


def test_history_has_promotions_and_no_repetition() -> None:
    book = Book(name="sales").with_version(kept("a", 1.0))
    book = book.with_shown(1, book.kept["a"].served, "one", 1.0)
    book = book.with_shown(2, book.kept["a"].served, "again", 2.0)
    assert [each.why for each in book.history] == ["one"]


def test_an_error_is_shown_with_its_words_and_is_no_version() -> None:
    book = Book(name="sales").with_shown(
        1, ServedNow(server_id="e", load_error="{}"), "It has no warehouse.", 1.0
    )
    assert (book.version, book.shown_error, book.history) == (None, "It has no warehouse.", ())


def test_a_book_is_the_same_after_it_was_written_down() -> None:
    book = (
        Book(name="sales")
        .with_version(kept("a", 1.0))
        .with_refused("b", RefusedVersion("LoadError", "no", 1.0))
    )
    assert msgspec.json.decode(msgspec.json.encode(book), type=Book) == book


def test_a_rollback_holds_until_something_else_is_asked_for() -> None:
    book = Book(name="sales").with_version(kept("old", 1.0))
    first = asked(known(**{ROLLBACK: "old"}), book, {})
    assert first.version == "old"
    said = completed(first)
    assert said is not None
    assert completed(asked(known(**{ROLLBACK: said}), book, {})) is None
    other = document(**{ROLLBACK: said})
    other["spec"] = {**other["spec"], "image": "sales:2"}  # type: ignore[dict-item]
    after = asked(read_known(other), book, {})
    assert after.version != "old"
    assert completed(after) == ""


def test_a_rollback_to_what_is_not_kept_changes_nothing() -> None:
    book = Book(name="sales")
    assert asked(known(**{ROLLBACK: "gone"}), book, {}).version == asked(known(), book, {}).version


def test_a_secret_that_is_not_there_is_named() -> None:
    needs = document()
    source = {"secretRef": {"name": "warehouse"}}
    needs["spec"] = {**needs["spec"], "envFrom": [source]}  # type: ignore[dict-item]
    assert asked(read_known(needs), Book(name="sales"), {}).missing == ("Secret warehouse",)
    there = asked(read_known(needs), Book(name="sales"), {("Secret", "warehouse"): "digest"})
    assert there.missing == ()


def test_a_name_is_the_oldest_ones() -> None:
    old, late = read_known(document()), read_known(document("sales-2", "2026-11-30T00:00:01Z"))
    found = troubles([late, old])
    assert found.keys() == {"sales-2"}
    assert found["sales-2"][0] == "Conflict"


def test_a_spec_that_nobody_understands_is_said() -> None:
    wrong = document()
    wrong["spec"] = {"image": 3}
    found = read_known(wrong)
    assert found.location is None
    assert troubles([found])["sales"][0] == "InvalidSpec"


def test_what_is_no_longer_said_is_removed_also_inside() -> None:
    before = {"version": "a", "serving": {"gatewayPort": 1, "deployment": "reef-sales"}}
    after = {"serving": {"gatewayPort": 1, "pack": "pack-1"}}
    assert _patch(before, after) == {
        "version": None,
        "serving": {"deployment": None, "gatewayPort": 1, "pack": "pack-1"},
    }


def test_rules_of_a_rollout_are_read_or_refused() -> None:
    assert read_rules("").bounds.soak_s == 30.0
    assert read_rules('{"soak": "0s", "waves": ["4", "50%"]}').bounds.soak_s == 0.0
    for wrong in ('{"soak": "soon"}', '{"wave": []}', '{"waves": ["x"]}', "{"):
        with pytest.raises(ReefError, match="REEF_ROLLOUT"):
            read_rules(wrong)
