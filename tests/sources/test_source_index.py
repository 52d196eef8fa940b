"""Invariant 9: a wake never serves what was not probed. The index tells whether source is still what it was."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from deadlines import scaled
from reef.sources import Checked, SourceIndex, SourceRecord, SourceScope, changed_during
from reef.sources import index as index_module
from reef.sources.content import state_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("defs.py", "pkg/a.py", "pkg/b.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"NAME = {name!r}\n")
    return root


def scope(root: Path, **more: tuple[str, ...]) -> SourceScope:
    return SourceScope((str(root),), **more)


def record(of: SourceScope, index: SourceIndex | None = None) -> SourceRecord:
    return asyncio.run((index or SourceIndex()).record(of))


def check(before: SourceRecord, index: SourceIndex | None = None) -> Checked:
    return asyncio.run((index or SourceIndex()).check(before))


def settle(*paths: Path) -> None:
    """Wait until files are old enough for their dates to be believed."""
    newest = max(os.stat(path).st_ctime for path in paths)
    while time.time() < newest + 0.08:
        time.sleep(0.01)


def test_what_was_not_touched_is_the_same_after_a_restart(root: Path) -> None:
    stored = json.loads(json.dumps(record(scope(root)).to_json()))
    before = SourceRecord.from_json(stored)
    assert before == record(scope(root))
    assert check(before).same


@pytest.mark.parametrize("git", [False, True])
@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda root: (root / "pkg/a.py").write_text("changed"), "pkg/a.py"),
        (lambda root: (root / "pkg/new.py").write_text("new"), "pkg/new.py"),
        (lambda root: (root / "pkg/b.py").unlink(), "pkg/b.py"),
        (
            lambda root: (root / "deep/er").mkdir(parents=True) or (root / "deep/er/x.sql").write_text("x"),
            "deep/er/x.sql",
        ),
        (lambda root: (root / "pkg/b.py").rename(root / "pkg/c.py"), "pkg/b.py"),
        (lambda root: (root / "pkg/a.py").chmod(0) or None, None),
    ],
    ids=["edited", "added", "removed", "in a new folder", "renamed", "made unreadable"],
)
def test_changes_are_seen_and_named(root: Path, git: bool, change: object, path: str | None) -> None:
    if git:
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    index = SourceIndex()
    settle(root / "defs.py", root / "pkg")
    before = record(scope(root), index)
    change(root)  # type: ignore[operator]
    found = check(before, index)
    if path is None:
        assert found.same == os.access(root / "pkg/a.py", os.R_OK)  # root reads everything
        return
    assert not found.same
    assert str(root / path) in found.changed
    assert check(found.record, index).same


def test_an_edit_that_keeps_size_and_date_is_seen(root: Path) -> None:
    path = root / "pkg/a.py"
    settle(path)
    before = record(scope(root))
    dates = os.stat(path)
    path.write_text(path.read_text().replace("NAME", "MANE"))
    os.utime(path, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert os.stat(path).st_mtime_ns == dates.st_mtime_ns
    assert not check(before).same


def test_an_edit_right_after_the_record_is_seen(root: Path) -> None:
    """Dates tick every few milliseconds: two edits may bear the same one."""
    path = root / "pkg/a.py"
    for number in range(30):
        index = SourceIndex()
        path.write_text(f"A = {number:05}\n")
        before = record(scope(root), index)
        path.write_text(f"B = {number:05}\n")
        assert not check(before, index).same, number


def test_dates_bytecode_and_editors_do_not_count(root: Path) -> None:
    before = record(scope(root))
    os.utime(root / "defs.py", (1, 1))
    (root / "pkg/__pycache__").mkdir()
    (root / "pkg/__pycache__/a.cpython-312.pyc").write_bytes(b"x")
    (root / "pkg/.a.py.swp").write_text("x")
    copy = root / "pkg/copy"
    shutil.copy(root / "pkg/b.py", copy)
    os.replace(copy, root / "pkg/b.py")
    assert check(before).same


def test_the_digest_does_not_know_where_or_when(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "clone"
    shutil.copytree(root, elsewhere)
    os.utime(elsewhere / "defs.py", (1, 1))
    assert record(scope(elsewhere)).digest == record(scope(root)).digest
    (elsewhere / "pkg/b.py").rename(elsewhere / "pkg/c.py")
    assert record(scope(elsewhere)).digest != record(scope(root)).digest


def test_files_and_folders_besides(root: Path, tmp_path: Path) -> None:
    config, listed = tmp_path / "config.yaml", tmp_path / "inputs"
    listed.mkdir()
    (listed / "one.csv").write_text("1")
    wide = scope(root, files=(str(config), str(root / "defs.py")), folders=(str(listed),))
    index = SourceIndex()
    before = record(wide, index)
    assert str(root / "defs.py") not in before.files  # its root has it
    (listed / "one.csv").write_text("other content: only the names count")
    assert check(before, index).same
    config.write_text("x: 1")
    assert check(before, index).changed == (str(config),)
    config.unlink()
    assert check(before, index).same
    (listed / "two.csv").write_text("2")
    assert check(before, index).changed == (f"{listed}/",)


def test_links_count_by_what_they_lead_to(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "shared.sql"
    target.write_text("select 1")
    (root / "query.sql").symlink_to(target)
    index = SourceIndex()
    before = record(scope(root), index)
    target.write_text("select 2")
    assert check(before, index).changed == (str(root / "query.sql"),)


def test_a_root_with_too_many_files_is_named_and_not_read(root: Path) -> None:
    found = record(scope(root, files=(str(root / "defs.py"),)), SourceIndex(most_files=2))
    assert "holds more than 2 files" in found.problems[0]
    assert list(found.files) == [str(root / "defs.py")]


def test_many_locations_of_one_root_are_one_look(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    real = index_module._touched

    def counted(known: object) -> list[str]:
        looks.append("look")
        return real(known)  # type: ignore[arg-type]

    monkeypatch.setattr(index_module, "_touched", counted)

    async def all_at_once() -> list[bool]:
        index = SourceIndex()
        settle(root / "defs.py", root / "pkg", root)
        before = await index.record(scope(root))
        return [one.same for one in await asyncio.gather(*(index.check(before) for _ in range(50)))]

    assert all(asyncio.run(all_at_once()))
    assert 1 <= len(looks) <= 2


def test_a_look_that_began_before_a_save_does_not_answer_for_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks after the save gets the new content, though another look was under way."""
    under_way, go_on = threading.Event(), threading.Event()
    real = index_module._folders_changed

    def slow(known: object) -> bool:
        changed = real(known)  # type: ignore[arg-type]
        if threading.current_thread() is not threading.main_thread() and not under_way.is_set():
            under_way.set()
            go_on.wait(scaled(10))
        return changed

    async def played() -> bool:
        index = SourceIndex()
        settle(root / "defs.py", root / "pkg", root)
        before = await index.record(scope(root))
        monkeypatch.setattr(index_module, "_folders_changed", slow)
        first = asyncio.create_task(index.check(before))
        await asyncio.to_thread(under_way.wait, 10)
        (root / "defs.py").write_text("saved meanwhile")
        second = asyncio.create_task(index.check(before))
        await asyncio.sleep(0)
        go_on.set()
        await first
        return (await second).same

    assert not asyncio.run(played())


def test_five_hundred_files_are_checked_in_milliseconds(tmp_path: Path) -> None:
    root = tmp_path / "big"
    for folder in range(25):
        (root / f"p{folder}").mkdir(parents=True)
        for file in range(20):
            (root / f"p{folder}/m{file}.py").write_text(f"{folder} {file}")

    async def timed() -> float:
        index = SourceIndex()
        settle(root / "p24/m19.py", root / "p24")
        before = await index.record(scope(root))
        took = []
        for _ in range(15):
            started = time.perf_counter()
            assert (await index.check(before)).same
            took.append(time.perf_counter() - started)
        return min(took)

    assert asyncio.run(timed()) < scaled(0.010)  # 2 to 2.5 ms on an idle machine


def test_a_file_that_is_being_written_is_read_until_it_stays(tmp_path: Path) -> None:
    """A save in two halves: the state is that of the whole, or bears no sign and is looked at again."""
    path = tmp_path / "defs.py"
    halves = (b"x" * 200_000, b"y" * 200_000)
    whole = tmp_path / "whole.py"
    whole.write_bytes(b"".join(halves))
    done = threading.Event()

    def save() -> None:
        while not done.is_set():
            with path.open("wb", buffering=0) as file:
                file.write(halves[0])
                file.write(halves[1])

    path.write_bytes(b"")
    writer = threading.Thread(target=save)
    writer.start()
    try:
        states = [state_of(str(path)) for _ in range(40)]
    finally:
        done.set()
        writer.join()
    assert all(state.sign == 0 for state in states)
    assert state_of(str(path)).digest == state_of(str(whole)).digest


def test_code_that_changed_under_its_probe(root: Path, tmp_path: Path) -> None:
    read, written = tmp_path / "read.yaml", tmp_path / "written.json"
    read.write_text("a: 1")
    index = SourceIndex()
    settle(read)
    before = record(scope(root), index)
    started = time.time_ns()
    after = record(scope(root, files=(str(read),)), index)
    assert changed_during(before, after, started) == ()
    (root / "pkg/a.py").write_text("half-sav")
    written.write_text("by the load itself")
    after = record(scope(root, files=(str(read), str(written))), index)
    assert changed_during(before, after, started) == (str(root / "pkg/a.py"), str(written))


def test_what_a_load_writes_itself_can_be_left_out(root: Path) -> None:
    index = SourceIndex()
    before = record(scope(root), index)
    (root / "target.json").write_text("1")
    after = record(scope(root), index)
    written = changed_during(before, after, 0)
    assert str(root / "target.json") in written
    without = scope(root).without([str(root / "target.json")])
    first = record(without, index)
    (root / "target.json").write_text("2")
    assert check(first, index).same
    (root / "defs.py").write_text("2")
    assert not check(first, index).same
    assert SourceRecord.from_json(json.loads(json.dumps(first.to_json()))).scope == without
