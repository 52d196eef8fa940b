"""Which folder is the project that a location's code lies in."""

from __future__ import annotations

from pathlib import Path

import pytest

from reef.sources.scope import project_of


@pytest.mark.parametrize("file", ["pyproject.toml", "dg.toml", "setup.cfg", "setup.py"])
@pytest.mark.parametrize("root", ["", "src", "src/alpha/defs"])
def test_the_nearest_folder_with_a_file_that_makes_a_project(tmp_path: Path, file: str, root: str) -> None:
    project = tmp_path / "projects" / "alpha"
    (project / root).mkdir(parents=True)
    (tmp_path / "dg.toml").touch()  # of the workspace
    (project / file).touch()
    assert project_of(str(project / root)) == str(project)


def test_code_in_no_project_has_none(tmp_path: Path) -> None:
    assert project_of(str(tmp_path)) is None
    assert project_of(None) is None


def test_a_folder_that_is_nobodys_project_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "setup.cfg").touch()
    (tmp_path / "work").mkdir()
    assert project_of(str(tmp_path / "work")) is None
