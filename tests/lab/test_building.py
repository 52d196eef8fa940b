"""A build is made once, and one that fails says what failed and why."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.building import build
from lab.errors import LabError
from lab.folders import used
from lab.programs import Piece

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go on this machine")
GOOD = 'package main\n\nfunc main() { println("hello") }\n'
BAD = "package main\n\nfunc main() { nothing() }\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REEF_CLUSTER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "hello.go"


def piece(source: Path) -> Piece:
    return Piece("hello", "", "v1", {"hello": "."}, main=str(source))


@needs_go
def test_it_is_built_once(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.write_text(GOOD)
    one = piece(source)
    build([one])
    said = subprocess.run([one.folder / "hello"], capture_output=True, text=True, check=True)
    assert said.stderr == "hello\n"
    assert "hello v1: " in capsys.readouterr().err
    build([one])
    assert capsys.readouterr().err == ""
    source.write_text(GOOD.replace("hello", "bye"))
    assert not piece(source).built


@needs_go
def test_a_build_that_fails_says_why_and_leaves_nothing(source: Path) -> None:
    source.write_text(BAD)
    with pytest.raises(LabError, match=r"hello v1 cannot be built[\s\S]*undefined: nothing"):
        build([piece(source)])
    assert not piece(source).folder.exists()


def test_no_go(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source.write_text(GOOD)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LabError, match="There is no Go on this machine"):
        build([piece(source)])


def test_what_was_not_used_for_a_week_goes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("old", "older", "recent", "in use")]
    for folder in folders:
        folder.mkdir()
    for folder in (folders[0], folders[1], folders[3]):
        os.utime(folder, (0, 0))
    used(folders[3], folders[0])
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["in use", "old", "recent"]
