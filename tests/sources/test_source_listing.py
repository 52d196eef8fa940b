"""Which files are source: with git, without, and among things that are no files."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from reef.sources import TooManyFiles, source_files


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def listed(root: Path, **options: object) -> list[str]:
    return list(source_files(str(root), **options).files)  # type: ignore[arg-type]


NEVER = ("__pycache__/a.pyc", "b.pyc", ".a.py.swp", "a.py~", "#a.py#", "node_modules/x.js", ".tox/x.py")


def test_without_git_caches_environments_and_temporary_files_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "defs.py", "pkg/a.py", "pkg/query.sql", ".env", "env/pyvenv.cfg", "env/lib/x.py", *NEVER)
    assert listed(tmp_path) == [".env", "defs.py", "pkg/a.py", "pkg/query.sql"]


def test_with_git_what_it_tracks_or_would_add(tmp_path: Path) -> None:
    write(
        tmp_path,
        "defs.py",
        "new.py",
        "gone.py",
        "data/big.bin",
        "data/kept.csv",
        "sub/x.log",
        "sub/y.py",
        *NEVER,
    )
    (tmp_path / ".gitignore").write_text("data/\n*.log\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-f", "defs.py", "gone.py", "data/kept.csv")
    git(tmp_path, "commit", "-qm", "x")
    (tmp_path / "gone.py").unlink()
    assert listed(tmp_path) == [".gitignore", "data/kept.csv", "defs.py", "new.py", "sub/y.py"]


def test_a_folder_below_the_top_of_the_repository(tmp_path: Path) -> None:
    write(tmp_path, "a/defs.py", "b/defs.py", "a/über maß.py")
    git(tmp_path, "init", "-q")
    assert listed(tmp_path / "a") == ["defs.py", "über maß.py"]


def test_an_ignored_folder_that_somebody_loads_from_is_walked(tmp_path: Path) -> None:
    write(tmp_path, "generated/defs.py", "generated/more/x.py")
    (tmp_path / ".gitignore").write_text("generated/\n")
    git(tmp_path, "init", "-q")
    assert listed(tmp_path / "generated") == ["defs.py", "more/x.py"]


def test_a_repository_in_the_repository(tmp_path: Path) -> None:
    write(tmp_path, "defs.py", "vendor/lib/code.py", "vendor/lib/out.log")
    (tmp_path / "vendor/lib/.gitignore").write_text("*.log\n")
    git(tmp_path, "init", "-q")
    git(tmp_path / "vendor/lib", "init", "-q")
    git(tmp_path / "vendor/lib", "add", ".")
    git(tmp_path / "vendor/lib", "commit", "-qm", "x")
    assert listed(tmp_path) == ["defs.py", "vendor/lib/.gitignore", "vendor/lib/code.py"]


def test_where_git_is_missing_or_refuses_the_folder_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "defs.py", "out.log")
    (tmp_path / ".gitignore").write_text("*.log\n")
    git(tmp_path, "init", "-q")
    assert "out.log" not in listed(tmp_path)
    (tmp_path / ".git/config").write_text("broken [")
    assert "out.log" in listed(tmp_path)
    git_free = tmp_path / "bin"
    git_free.mkdir()
    monkeypatch.setenv("PATH", str(git_free))
    assert "out.log" in listed(tmp_path)


def test_git_settings_of_the_caller_do_not_mislead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "one/a.py", "two/b.py")
    for name in ("one", "two"):
        git(tmp_path / name, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "two/.git"))
    assert listed(tmp_path / "one") == ["a.py"]


def test_no_program_of_the_repository_is_run(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    git(tmp_path, "init", "-q")
    hook = tmp_path / "hook.sh"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(hook))
    assert "a.py" in listed(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_sockets_pipes_loops_and_dangling_links_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path, "defs.py", "other/x.py")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s"))
        assert listed(tmp_path) == ["dangling", "defs.py", "loop", "other/x.py"]
        git(tmp_path, "init", "-q")
        assert listed(tmp_path) == ["dangling", "defs.py", "loop", "other/x.py"]


def test_state_folders_that_the_host_names(tmp_path: Path) -> None:
    write(tmp_path, "defs.py", "state/x.db")
    assert listed(tmp_path, skip=(str(tmp_path / "state"),)) == ["defs.py"]


def test_too_many_files(tmp_path: Path) -> None:
    write(tmp_path, *(f"f{number}" for number in range(11)))
    with pytest.raises(TooManyFiles):
        source_files(str(tmp_path), most=10)
    assert len(listed(tmp_path, most=11)) == 11


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert listed(tmp_path / "none") == []
