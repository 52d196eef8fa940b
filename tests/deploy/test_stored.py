"""What promotions leave on the disk, and what happens where that is damaged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

from reef.decide.changed import reasons_between
from reef.decide.diff import difference
from reef.deploys.current import Deploy
from reef.records.contents import ContentMaps, made_of
from reef.records.deploy_progress import LocationPromoted
from reef.records.history_files import MOST, MOST_BYTES, HistoryFiles
from reef.records.journal import Journal
from reef.records.journal_file import JournalFile
from reef.releasing.outline import outline_of
from reef.snapshots import SnapshotStore
from reef.snapshots.model import LocationSnapshot, RecordedRepository
from reef.sources import SourceIndex, SourceRecord, SourceScope
from reef.wire import messages


def record(*roots: Path) -> SourceRecord:
    return asyncio.run(SourceIndex().record(SourceScope(tuple(map(str, roots)))))


def source(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(text)
    return folder


def test_a_content_map_says_later_which_file_changed(tmp_path: Path) -> None:
    root = source(tmp_path / "code", a="1", b="2")
    (folder := tmp_path / "maps").mkdir()
    digest = ContentMaps(folder).put(record(root), {"env.A": "x"}, None)
    old = ContentMaps(folder).get(digest)
    assert old is not None
    assert reasons_between(old, made_of(record(root), {"env.A": "x"}, None)) == ()
    source(root, b="changed", c="new")
    found = reasons_between(old, made_of(record(root), {"env.A": "y"}, None))
    assert [why.path or why.text for why in found] == [
        "setting env.A changed",
        f"{root}/b.py",
        f"{root}/c.py",
    ]


def test_locations_that_share_a_root_share_its_list(tmp_path: Path) -> None:
    root = source(tmp_path / "code", **{f"module_{number}": "x" for number in range(50)})
    (folder := tmp_path / "maps").mkdir()
    maps = ContentMaps(folder)
    one = maps.put(record(root), {"env.A": "1"}, None)
    assert maps.put(record(root), {"env.A": "1"}, None) == one
    two = maps.put(record(root), {"env.A": "2"}, None)
    assert len(list(folder.iterdir())) == 3
    maps.keep([two])
    assert maps.get(one) is not None  # it was put a moment ago
    maps.keep([two], unused_s=-1.0)
    assert maps.get(one) is None
    assert maps.get(two) is not None


def test_a_damaged_content_map_is_as_good_as_none(tmp_path: Path) -> None:
    root = source(tmp_path / "code", a="1")
    for damage in (b"", b"nonsense"):
        (folder := tmp_path / f"maps{len(damage)}").mkdir()
        digest = ContentMaps(folder).put(record(root), {}, None)
        for path in folder.iterdir():
            path.write_bytes(damage)
        assert ContentMaps(folder).get(digest) is None


def test_the_history_is_bounded_and_passes_over_what_was_cut_off(tmp_path: Path) -> None:
    history = HistoryFiles(tmp_path)
    for number in range(3):
        history.add("a name / with signs", {"version": str(number)})
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes() + b'{"location": "a na')
    assert [entry["version"] for entry in history.of("a name / with signs")] == ["0", "1", "2"]
    history.add("a name / with signs", {"version": "3"})
    assert [entry["version"] for entry in history.of("a name / with signs")] == ["0", "1", "2", "3"]
    assert history.locations() == ["a name / with signs"]
    assert history.of("another") == []
    path.write_bytes(b'{"location": "x", "version": "old"}\n' * (MOST_BYTES // 30))
    history.add("a name / with signs", {"version": "new"})
    assert len(path.read_bytes().splitlines()) == MOST
    assert history.of("a name / with signs")[-1]["version"] == "new"


def test_an_unfinished_deploy_was_interrupted_and_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "deploy.json"
    assert JournalFile(path).last() is None
    for text in ("", "[]", '{"id": "x"}', '{"id": "x", "waves": "all"}'):
        path.write_text(text)
        assert JournalFile(path).last() is None
    journal = Journal(id="x", waves=(("a",), ("b",)), known={"a": [("looking", "ValueError")]}, passed=1)
    asyncio.run(Deploy(journal, JournalFile(path)).write())
    for _ in range(2):  # also by the host after the next
        assert (found := JournalFile(path).last()) is not None
        assert (found.state, found.waves, found.known) == ("interrupted", journal.waves, journal.known)
        assert found.standing() == journal.standing()
    journal.state = "over"
    asyncio.run(Deploy(journal, JournalFile(path)).write())
    assert (found := JournalFile(path).last()) is not None
    assert found.state == "over"


def test_what_many_write_at_once_is_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "deploy.json"
    deploy = Deploy(Journal(id="x", waves=(("a",),)), JournalFile(path))

    async def one(number: int) -> None:
        deploy.journal.done[str(number)] = LocationPromoted()
        await deploy.write()
        assert str(number) in json.loads(path.read_bytes())["done"]

    async def all_of_them() -> None:
        await asyncio.gather(*(one(number) for number in range(30)))

    asyncio.run(all_of_them())
    assert len(json.loads(path.read_bytes())["done"]) == 30


def test_a_full_disk_does_not_end_a_deploy(tmp_path: Path) -> None:
    asyncio.run(Deploy(Journal(id="x", waves=()), JournalFile(tmp_path / "gone" / "deploy.json")).write())


def repository(name: str, number: str, jobs: bool = True) -> RecordedRepository:
    listed = [{"name": "job"}, {"name": "__ASSET_JOB"}]
    text = {
        "__class__": "ExternalRepositoryData",
        "name": name,
        "external_pipeline_datas": listed if jobs else None,
        "external_job_refs": None if jobs else listed,
        "external_asset_graph_data": [{"asset_key": {"path": ["a", "b"]}, "x": "NUMBER"}],
        "external_asset_checks": [{"asset_key": {"path": ["a"]}, "name": "check"}],
        "external_sensor_datas": [{"name": "sensor"}],
        "external_schedule_datas": [],
    }
    body = json.dumps(text).replace('"NUMBER"', number).encode()
    reply = messages.text_reply(body)
    if jobs:
        return RecordedRepository(name, reply)
    return RecordedRepository(name, None, deferred=reply, jobs={"job": f"job {number}".encode()})


def outlines(folder: Path, *repositories: RecordedRepository) -> dict[str, dict[str, str]]:
    store = SnapshotStore(folder, 1 << 20)
    found = outline_of(store, store.put(LocationSnapshot(b"", repositories)))
    assert found is not None
    return {kind: dict(names) for kind, names in found.items()}


def _names(outline: dict[str, dict[str, str]]) -> Iterator[str]:
    for kind, names in outline.items():
        yield from (f"{kind} {name}" for name in names)


def test_the_outline_of_a_snapshot(tmp_path: Path) -> None:
    one = outlines(tmp_path, repository("r", "1"))
    assert set(_names(one)) == {"jobs job", "assets a/b", "asset_checks a:check", "sensors sensor"}
    for number in ("2", "NaN"):  # Python writes NaN into JSON, which others do not read
        other = outlines(tmp_path, repository("r", number))
        assert difference(one, other).as_dict() == {
            "added": {},
            "removed": {},
            "changed": {"assets": ["a/b"]},
        }
    two = outlines(tmp_path, repository("r", "1"), repository("s", "1"))
    assert {"jobs r.job", "sensors s.sensor"} < set(_names(two))


def test_jobs_that_are_recorded_apart_are_compared_too(tmp_path: Path) -> None:
    one, two = (outlines(tmp_path, repository("r", number, jobs=False)) for number in "12")
    assert difference(one, two).changed == {"jobs": ("job",), "assets": ("a/b",)}


def test_a_snapshot_that_is_gone_has_no_outline(tmp_path: Path) -> None:
    assert outline_of(SnapshotStore(tmp_path, 1 << 20), "0" * 64) is None
