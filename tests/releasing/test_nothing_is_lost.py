"""What was promoted is in its history, and kept, also where the host ends at once; a full disk ends no start."""

from __future__ import annotations

import asyncio
import errno
import threading
from pathlib import Path
from typing import Any

import pytest

from reef.events import VersionServed
from reef.fleet.model import CodeTarget, Location
from reef.locations.place import CodeLocation
from reef.records.contents import ContentMaps
from reef.records.history_files import HistoryFiles
from reef.records.kept_files import KeptFiles
from reef.records.served import ServedRecord
from reef.releasing import promotions as module
from reef.releasing.keeping import Keeper
from reef.releasing.promotions import Promotions
from reef.snapshots import SnapshotStore
from reef.sources import SourceRecord, SourceScope
from reef.statedir import StateDir


def served(version: str) -> ServedRecord:
    return ServedRecord("sales", version, f"reef-{version}", None)


def promotions(folder: Path) -> Promotions:
    state = StateDir(folder)
    store = SnapshotStore(folder / "snapshots", 1 << 20)
    contents, history = ContentMaps(state.folder("contents")), HistoryFiles(state.folder("history"))
    return Promotions(state, store, {}, contents, history)


class SlowDisk:
    """FAKE: work on a disk that takes until `go_on` is set."""

    def __init__(self, work: Any) -> None:
        self._work = work
        self.go_on = threading.Event()
        self.given: list[tuple[Any, ...]] = []

    def __call__(self, *given: Any) -> Any:
        self.go_on.wait()
        self.given.append(given)
        return self._work(*given)


def test_a_promotion_is_in_the_history_of_a_host_that_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowDisk(HistoryFiles.add)
    monkeypatch.setattr(HistoryFiles, "add", lambda *given: slow(*given))

    async def scene() -> None:
        notes = promotions(tmp_path)
        for old, new in ((None, served("1")), (served("1"), served("2"))):
            notes.hear(VersionServed("sales", old, new))
        closing = asyncio.create_task(notes.close())
        await asyncio.sleep(0)
        assert not closing.done()
        slow.go_on.set()
        await closing
        assert [entry["version"] for entry in notes.history.of("sales")] == ["1", "2"]

    asyncio.run(scene())


def test_a_version_is_kept_by_a_host_that_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowDisk(lambda *_given: None)
    monkeypatch.setattr(Keeper, "_keep", lambda *given: slow(*given))

    async def scene() -> None:
        state = StateDir(tmp_path)
        keeper = Keeper(state, KeptFiles(state.folder("kept")), ContentMaps(state.folder("contents")))
        place = CodeLocation(Location(name="sales", python="python", code=CodeTarget(module_name="sales")))
        for version in ("1", "2"):
            keeper.keep_later(place, served(version), SourceRecord(SourceScope(()), "", (), {}, {}), None)
        closing = asyncio.create_task(keeper.close())
        await asyncio.sleep(0)
        assert not closing.done()
        slow.go_on.set()
        await closing
        assert [new.version for _keeper, _spec, _served, new, *_ in slow.given] == ["1", "2"]

    asyncio.run(scene())


def test_a_full_disk_does_not_end_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_atomic", full)
    promotions(tmp_path)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "marks.key cannot be written (No space left on device)" in caplog.text
    monkeypatch.undo()
    first, second = promotions(tmp_path), promotions(tmp_path)
    assert first._key == second._key
