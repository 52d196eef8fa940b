"""What a server id depends on."""

from __future__ import annotations

from reef.records.served import server_id


def test_invariant_5_the_server_id_is_of_the_version_and_its_answers_alone() -> None:
    known = server_id("version", "snapshot", None)
    assert known == server_id("version", "snapshot", None) == "reef-" + known.removeprefix("reef-")
    others = {
        server_id("other", "snapshot", None),
        server_id("version", "other", None),
        server_id("version", None, "load error"),
        server_id("version", None, "another load error"),
        server_id("version", None, None),
    }
    assert len(others | {known}) == 6


def test_invariant_5_parts_do_not_run_together() -> None:
    assert server_id("ab", "c", None) != server_id("a", "bc", None)
    assert server_id("a", "b", None) != server_id("a", None, "b")
