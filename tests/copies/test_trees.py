"""Contents are copied once and checked; a tree has everything where it was."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
from pathlib import Path

import pytest

from reef.copies import BlobStore, CopyFailed, Damaged, Listed, Trees, listed, mapped
from reef.copies import blobs as blobs_module
from reef.copies.mapping import is_kept
from reef.fleet.model import CodeTarget, Location
from reef.guest import kept as guest_kept


def digest(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "work" / "project"
    (project / "pkg").mkdir(parents=True)
    (project / "pkg" / "code.py").write_text("old")
    (project / "pkg" / "same.py").write_text("old")
    (project / "big.csv").write_text("data")
    (project / ".venv" / "lib").mkdir(parents=True)
    return project


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    (tmp_path / "blobs").mkdir()
    return BlobStore(tmp_path / "blobs")


@pytest.fixture
def trees(tmp_path: Path, store: BlobStore) -> Trees:
    (tmp_path / "trees").mkdir()
    return Trees(tmp_path / "trees", store)


def contents(project: Path) -> dict[str, str]:
    return {str(path): digest(path) for path in (project / "pkg").glob("*.py")}


def test_equal_contents_are_copied_once_and_are_nobodys_file(
    project: Path, store: BlobStore, tmp_path: Path
) -> None:
    store.put(contents(project))
    (blob,) = (tmp_path / "blobs").glob("*/*")
    assert blob.read_text() == "old"
    assert blob.stat().st_ino not in {path.stat().st_ino for path in (project / "pkg").iterdir()}
    assert not blob.stat().st_mode & 0o222
    assert store.is_whole(blob.name)


def test_a_file_that_is_no_longer_what_it_was_is_not_copied(
    project: Path, store: BlobStore, tmp_path: Path
) -> None:
    files = contents(project)
    (project / "pkg" / "code.py").write_text("new")
    with pytest.raises(CopyFailed, match=r"code\.py changed while it was copied"):
        store.put({path: digest for path, digest in files.items() if path.endswith("code.py")})
    assert list((tmp_path / "blobs").glob("*/*")) == []


def test_a_full_disk_leaves_nothing(
    project: Path, store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int, _data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(blobs_module.os, "write", full)
    with pytest.raises(OSError, match="No space"):
        store.put(contents(project))
    assert list((tmp_path / "blobs").glob("*/*")) == []


def test_a_tree_has_source_kept_and_everything_else_as_it_is(
    project: Path, store: BlobStore, trees: Trees
) -> None:
    files = contents(project)
    store.put(files)
    base = trees.ready(Listed(files, {}), [str(project)])
    (project / "pkg" / "code.py").write_text("new")
    (project / "pkg" / "later.py").write_text("not there then")
    (project / "big.csv").write_text("other data")
    assert Path(f"{base}{project}/pkg/code.py").read_text() == "old"
    assert not os.path.exists(f"{base}{project}/pkg/later.py")
    assert Path(f"{base}{project}/pkg/../big.csv").read_text() == "other data"
    assert is_kept(f"{base}{project}/pkg", base)
    assert not is_kept(f"{base}{project}/.venv/lib", base)
    assert trees.ready(Listed(files, {}), [str(project)]) == base


def test_links_inside_a_root_stay_links_and_others_are_what_they_showed(
    project: Path, store: BlobStore, trees: Trees, tmp_path: Path
) -> None:
    found = listed(
        {
            "/p/a.py": "0" * 32,
            "/p/in": "link a.py " + "0" * 32,
            "/p/out": "link /etc/x " + "1" * 32,
            "/p/gone": "absent",
            "/p/dir/": "f" * 32,
            "/p/sock": "special",
        }
    )
    assert found.files == {"/p/a.py": "0" * 32, "/p/out": "1" * 32}
    assert found.links == {"/p/in": "a.py"}
    store.put(files := contents(project))
    base = trees.ready(Listed(files, {f"{project}/pkg/link.py": "code.py"}), [])
    assert Path(f"{base}{project}/pkg/link.py").read_text() == "old"


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_damaged_copy_is_never_ready(
    project: Path, store: BlobStore, trees: Trees, tmp_path: Path, how: str
) -> None:
    store.put(files := contents(project))
    base = trees.ready(Listed(files, {}), [])
    (blob,) = (tmp_path / "blobs").glob("*/*")
    if how == "gone":
        os.unlink(f"{base}{project}/pkg/code.py")
    else:
        os.chmod(blob, 0o600)
        blob.write_text("bad")
    with pytest.raises(Damaged, match="is damaged"):
        trees.ready(Listed(files, {}), [])
    if how == "gone":
        assert trees.ready(Listed(files, {}), []) == base  # made anew from whole contents
    else:
        with pytest.raises(Damaged):
            trees.ready(Listed(files, {}), [])


def test_what_no_version_needs_is_cleared_away_when_it_is_old(
    project: Path, store: BlobStore, trees: Trees, tmp_path: Path
) -> None:
    store.put(files := contents(project))
    base = trees.ready(Listed(files, {}), [])
    trees.keep([])
    assert os.path.isdir(base)  # somebody may run in it
    os.utime(base, (time.time() - 9e6,) * 2)
    trees.keep([])
    assert not os.path.isdir(base)
    store.keep([])
    assert list((tmp_path / "blobs").glob("*/*")) == []


def test_settings_are_moved_to_where_the_tree_has_them(project: Path, store: BlobStore, trees: Trees) -> None:
    store.put(files := contents(project))
    base = trees.ready(Listed(files, {}), [str(project)])
    code = CodeTarget(python_file=f"{project}/pkg/code.py", working_directory="/somewhere/else")
    spec = Location("a", code=code, cwd=str(project), env={"PYTHONPATH": "pkg:/lib/x", "A": "b"})
    new = mapped(spec, base)
    assert new.code == CodeTarget(
        python_file=f"{base}{project}/pkg/code.py", working_directory="/somewhere/else"
    )
    assert new.cwd == base + str(project)
    assert new.env == {"PYTHONPATH": f"{base}{project}/pkg:{project}/pkg:/lib/x", "A": "b"}


def test_the_guest_finds_what_is_kept_first(
    project: Path, store: BlobStore, trees: Trees, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(files := contents(project))
    base = trees.ready(Listed(files, {}), [])
    monkeypatch.setattr(sys, "path", [str(project), str(project / ".venv" / "lib"), "/usr/lib"])
    guest_kept.first(base)
    assert sys.path[:4] == [base + str(project), str(project), str(project / ".venv" / "lib"), "/usr/lib"]
