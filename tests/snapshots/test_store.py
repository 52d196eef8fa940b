"""The store: what is on disk is whole or it is not served."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reef.snapshots import (
    LocationSnapshot,
    RecordedRepository,
    SnapshotReader,
    SnapshotStore,
    SnapshotStoreFull,
)
from reef.snapshots.hot import HotReplies
from reef.snapshots.index import FORMAT, HEAD, MAGIC
from reef.wire.fields import text

BIG = 1 << 30


def snapshot(word: str = "a", size: int = 100) -> LocationSnapshot:
    reply = text(1, b'{"jobs": ["one", "two"]}' + word.encode() * size)
    spans = {"one": (reply.index(b'"one"'), reply.index(b'"one"') + 5)}
    return LocationSnapshot(
        listed=f"listed {word}".encode(),
        repositories=(
            RecordedRepository("repo", reply, spans=spans),
            RecordedRepository("large", None, deferred=b"deferred", jobs={"j": b'{"name": "j"}'}),
        ),
        image=b"image",
    )


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path / "store", BIG)


def file_of(tmp_path: Path, digest: str) -> Path:
    return tmp_path / "store" / f"{digest}.snapshot"


def test_what_is_put_is_read(store: SnapshotStore) -> None:
    original = snapshot()
    digest = store.put(original)
    assert store.read(digest, SnapshotReader.listed) == b"listed a"
    assert store.read(digest, SnapshotReader.image) == b"image"
    reply = original.repositories[0].reply
    assert store.read(digest, lambda s: s.repository("repo", deferred=True)) == reply
    assert store.read(digest, lambda s: s.repository("repo", deferred=False)) == reply
    assert store.read(digest, lambda s: s.job("repo", "one")) == text(1, b'"one"')
    assert store.read(digest, lambda s: s.job("large", "j")) == text(1, b'{"name": "j"}')
    assert store.read(digest, lambda s: s.repositories) == ("repo", "large")


def test_what_was_not_recorded_is_none(store: SnapshotStore) -> None:
    digest = store.put(LocationSnapshot(b"listed", snapshot().repositories))
    assert store.read(digest, SnapshotReader.image) is None
    assert store.read(digest, lambda s: s.repository("nobody", deferred=True)) is None
    assert store.read(digest, lambda s: s.repository("large", deferred=False)) is None
    assert store.read(digest, lambda s: s.repository("large", deferred=True)) == b"deferred"
    assert store.read(digest, lambda s: s.job("repo", "none")) is None
    assert store.has(digest)


def test_names_are_the_content(store: SnapshotStore, tmp_path: Path) -> None:
    first, again, other = store.put(snapshot()), store.put(snapshot()), store.put(snapshot("b"))
    assert first == again != other
    assert sorted(store.digests()) == sorted((first, other))
    assert SnapshotStore(tmp_path / "elsewhere", BIG).put(snapshot()) == first
    assert len(os.listdir(tmp_path / "store")) == 2


def test_another_process_finds_it(store: SnapshotStore, tmp_path: Path) -> None:
    digest = store.put(snapshot())
    assert SnapshotStore(tmp_path / "store", BIG).read(digest, SnapshotReader.listed) == b"listed a"


def test_any_changed_byte_is_found(store: SnapshotStore, tmp_path: Path) -> None:
    """Never served: neither from a damaged index nor from a damaged part."""
    digest = store.put(snapshot(size=10))
    file = file_of(tmp_path, digest)
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        fresh = SnapshotStore(tmp_path / "store", BIG)
        assert fresh.read(digest, SnapshotReader.check) is None
        assert not fresh.check(digest)
        assert not file.exists(), f"byte {at} changed and nobody saw it"


@pytest.mark.parametrize("cut", [0, 5, HEAD.size, 60, -1])
def test_a_cut_file_is_removed(store: SnapshotStore, tmp_path: Path, cut: int) -> None:
    digest = store.put(snapshot())
    file = file_of(tmp_path, digest)
    file.write_bytes(file.read_bytes()[:cut])
    fresh = SnapshotStore(tmp_path / "store", BIG)
    assert not fresh.has(digest)
    assert not file.exists()
    assert fresh.put(snapshot()) == digest
    assert fresh.read(digest, SnapshotReader.listed) == b"listed a"


def test_put_mends_a_damaged_part(store: SnapshotStore, tmp_path: Path) -> None:
    digest = store.put(snapshot())
    file = file_of(tmp_path, digest)
    whole = bytearray(file.read_bytes())
    whole[-1] ^= 1
    file.write_bytes(whole)
    assert store.put(snapshot()) == digest
    assert store.check(digest)


@pytest.mark.parametrize(
    "head",
    [HEAD.pack(b"NOTAREEF", FORMAT, 2), HEAD.pack(MAGIC, FORMAT + 1, 2), HEAD.pack(MAGIC, FORMAT, 1 << 31)],
)
def test_foreign_and_newer_formats_are_not_served(store: SnapshotStore, tmp_path: Path, head: bytes) -> None:
    digest = "0" * 64
    file_of(tmp_path, digest).write_bytes(head + b"{}")
    assert not store.has(digest)
    assert not file_of(tmp_path, digest).exists()


def test_a_file_under_a_wrong_name_is_not_served(store: SnapshotStore, tmp_path: Path) -> None:
    digest = store.put(snapshot())
    file_of(tmp_path, digest).rename(file_of(tmp_path, "1" * 64))
    assert not store.has("1" * 64)
    assert not store.has("../../etc/passwd")


def test_leftovers_are_swept_at_start(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    digest = SnapshotStore(folder, BIG).put(snapshot())
    (folder / f".{digest}.snapshot.0a1b2c3d").write_bytes(b"half")
    (folder / "foreign.snapshot").write_bytes(b"?")
    (folder / "readme.txt").write_bytes(b"mine")
    SnapshotStore(folder, BIG)
    assert sorted(os.listdir(folder)) == sorted([f"{digest}.snapshot", "readme.txt"])


def test_a_file_that_vanishes_is_missing(store: SnapshotStore, tmp_path: Path) -> None:
    digest = store.put(snapshot())
    assert store.has(digest)
    file_of(tmp_path, digest).unlink()
    assert store.read(digest, SnapshotReader.listed) is None
    assert not store.has(digest)


def age(tmp_path: Path, digest: str, seconds: int) -> None:
    os.utime(file_of(tmp_path, digest), (seconds, seconds))


def test_oldest_unreferenced_goes_first(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "store", 40_000)
    old, kept, young = (store.put(snapshot(word, 10_000)) for word in "abc")
    for seconds, digest in enumerate((kept, old, young)):
        age(tmp_path, digest, seconds)
    store.keep({kept, old, young})
    store.keep({kept})
    new = store.put(snapshot("d", 10_000))
    assert set(store.digests()) == {kept, young, new}
    assert sum(file.stat().st_size for file in (tmp_path / "store").glob("*.snapshot")) <= 40_000


def test_nothing_referenced_is_removed(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "store", 25_000)
    kept = {store.put(snapshot(word, 10_000)) for word in "ab"}
    store.keep(kept)
    with pytest.raises(SnapshotStoreFull, match="do not fit"):
        store.put(snapshot("c", 10_000))
    assert set(store.digests()) == kept


def test_nothing_is_removed_before_references_are_known(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "store", 15_000)
    first = store.put(snapshot("a", 10_000))
    with pytest.raises(SnapshotStoreFull):
        SnapshotStore(tmp_path / "store", 15_000).put(snapshot("b", 10_000))
    assert store.digests() == (first,)


def test_what_was_just_put_is_spared_until_it_was_referenced_once(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "store", 25_000)
    store.keep(())
    first, second = store.put(snapshot("a", 10_000)), store.put(snapshot("b", 10_000))
    with pytest.raises(SnapshotStoreFull):
        store.put(snapshot("c", 10_000))
    store.keep({first, second})
    store.keep({second})
    assert store.put(snapshot("c", 10_000)) in store.digests()
    assert first not in store.digests()


LIMITED = """
import errno, os, resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import snapshot
from reef.snapshots import SnapshotStore, SnapshotStoreFull
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SnapshotStore(Path(sys.argv[1]), 1 << 30)
kept = store.put(snapshot("a", 100))
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    store.put(snapshot("b", 200_000))
except SnapshotStoreFull as full:
    assert full.errno == errno.ENOSPC, full
else:
    raise SystemExit("was not full")
assert os.listdir(sys.argv[1]) == [f"{kept}.snapshot"], os.listdir(sys.argv[1])
assert store.check(kept)
"""


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "store"), here],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        store = SnapshotStore(folder, BIG)
        kept = store.put(snapshot("a", 100))
        with pytest.raises(SnapshotStoreFull):
            store.put(snapshot("b", 200_000))
        assert os.listdir(folder) == [f"{kept}.snapshot"]
        assert store.check(kept)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_missing_folder_is_an_error_of_the_disk(store: SnapshotStore, tmp_path: Path) -> None:
    (tmp_path / "store").rmdir()
    with pytest.raises(OSError, match="store"):
        store.put(snapshot())


def test_many_threads(store: SnapshotStore) -> None:
    words = "abcdefgh"
    digests: dict[str, str] = {}

    def work(word: str) -> None:
        digests[word] = store.put(snapshot(word, 5_000))
        for _ in range(20):
            assert store.read(digests[word], SnapshotReader.listed) == f"listed {word}".encode()

    threads = [threading.Thread(target=work, args=(word,)) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(digests.values())) == len(words)


def test_readers_hold_no_descriptors(store: SnapshotStore) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(30):
        assert store.read(store.put(snapshot(str(number))), SnapshotReader.listed)
    assert len(os.listdir("/proc/self/fd")) == before
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 30


def test_hot_replies_are_bounded() -> None:
    hot = HotReplies(1000)
    hot.put("large", b"x" * 251)
    assert hot.get("large") is None
    for number in range(10):
        hot.put(number, b"x" * 200)
    assert [number for number in range(10) if hot.get(number)] == [5, 6, 7, 8, 9]
    hot.get(5)
    hot.put(10, b"x" * 200)
    assert hot.get(5) is not None
    assert hot.get(6) is None
    hot.put(5, b"y")
    assert hot.get(5) == b"y"
