"""Dagster's defs state, read without Dagster, against what Dagster's own storage writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster._grpc.types import ListRepositoriesResponse
from dagster_shared.serdes import serialize_value
from dagster_shared.serdes.objects.models.defs_state_info import DefsStateInfo

from reef.control.defs_state import DefsStates
from reef.wire.serdes import read_listed


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return tmp_path


def test_a_newer_version_of_a_key_is_seen(home: Path) -> None:
    states = DefsStates(str(home))
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
    assert DefsStates(str(home)).changed({"A": "__local__", "C": "__code_server__"}) == {}


def test_the_versions_that_a_load_used_are_in_its_list_of_repositories() -> None:
    info = DefsStateInfo.add_version(DefsStateInfo.add_version(None, "A", "1"), "B", None)
    text = serialize_value(ListRepositoriesResponse([], defs_state_info=info)).encode()
    assert read_listed(text).defs_state == {"A": "1"}
    assert read_listed(serialize_value(ListRepositoriesResponse([])).encode()).defs_state == {}


def test_a_damaged_storage_is_no_change(home: Path) -> None:
    (home / "history").mkdir()
    (home / "history" / "runs.db").write_bytes(b"no database at all")
    assert DefsStates(str(home)).changed({"A": "1"}) == {}
