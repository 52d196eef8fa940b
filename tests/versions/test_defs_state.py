"""Dagster's defs state, read without Dagster, against what Dagster's own storage writes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from dagster import DagsterInstance

from reef.versions.defs_state import NewestDefsState


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return tmp_path


def test_a_newer_version_of_a_key_is_seen(home: Path) -> None:
    states = NewestDefsState(str(home))
    assert states.changed({"A": "1"}) == {}  # nothing is known of an instance that is not there
    with DagsterInstance.from_config(str(home)) as instance:
        storage = instance.defs_state_storage
        assert storage is not None
        storage.set_latest_version("A", "1")
        storage.set_latest_version("B", "1")
        assert states.changed({"A": "1", "B": "1"}) == {}
        storage.set_latest_version("A", "2")
        assert states.changed({"A": "1", "B": "1"}) == {"A": "2"}
        storage.set_latest_version("B", None)
        assert states.changed({"B": "1"}) == {"B": ""}


def test_what_is_not_in_the_storage_is_not_asked_for(home: Path) -> None:
    with DagsterInstance.from_config(str(home)) as instance:
        assert instance.defs_state_storage is not None
        instance.defs_state_storage.set_latest_version("B", "1")
    assert NewestDefsState(str(home)).changed({"A": "__local__", "C": "__code_server__"}) == {}


def test_a_first_version_is_seen(home: Path) -> None:
    states = NewestDefsState(str(home))
    with DagsterInstance.from_config(str(home)) as instance:
        assert instance.defs_state_storage is not None
        instance.defs_state_storage.set_latest_version("B", "1")
        assert states.changed({"A": ""}) == {}
        instance.defs_state_storage.set_latest_version("A", "1")
    assert states.changed({"A": ""}) == {"A": "1"}


def test_what_an_instance_elsewhere_was_asked_counts_where_it_is_asked_for(home: Path) -> None:
    answers: list[object] = []

    async def ask() -> object:
        if isinstance(answers[-1], Exception):
            raise answers[-1]
        return answers[-1]

    states = NewestDefsState(str(home), ask)

    async def asked(answer: object) -> dict[str, str]:
        answers.append(answer)
        await states.look([{"A": "1"}])
        return states.changed({"A": "1"}, as_told=True)

    assert asyncio.run(asked(OSError("the database is away"))) == {}
    assert asyncio.run(asked({"A": "1"})) == {}
    assert asyncio.run(asked({"A": "2"})) == {"A": "2"}
    assert states.changed({"A": "1"}) == {}


def test_a_storage_that_is_left_over_from_earlier_is_not_read(home: Path) -> None:
    with DagsterInstance.from_config(str(home)) as instance:
        assert instance.defs_state_storage is not None
        instance.defs_state_storage.set_latest_version("A", "2")
    states = NewestDefsState(str(home))
    assert states.changed({"A": "1"}) == {"A": "2"}
    (home / "dagster.yaml").write_text("storage: {postgres: {postgres_url: {env: URL}}}\n")
    assert states.changed({"A": "1"}) == {}


def test_what_a_load_got_although_another_is_said_to_be_the_newest_is_no_news(home: Path) -> None:
    states = NewestDefsState(str(home))
    with DagsterInstance.from_config(str(home)) as instance:
        assert instance.defs_state_storage is not None
        instance.defs_state_storage.set_latest_version("A", "2")
        states.accept({"A": "1"})
        assert states.changed({"A": "1"}) == {}
        instance.defs_state_storage.set_latest_version("A", "3")
        assert states.changed({"A": "1"}) == {"A": "3"}


def test_a_damaged_storage_is_no_change(home: Path) -> None:
    (home / "history").mkdir()
    (home / "history" / "runs.db").write_bytes(b"no database at all")
    assert NewestDefsState(str(home)).changed({"A": "1"}) == {}
