"""`reef guest-copy`: code that any image's interpreter can run, and nobody can change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deadlines import scaled


def copied(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reef.cli.main", "guest-copy", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=scaled(60), check=False)


def test_all_of_the_guest_is_there_and_read_only(tmp_path: Path) -> None:
    folder = tmp_path / "guest"
    for _ in range(2):  # an init container may run again
        assert copied(folder).returncode == 0
        files = [path for path in folder.rglob("*") if path.is_file()]
        own = Path("src/reef/guest")
        assert {path.name for path in files} == {path.name for path in own.rglob("*.py")}
        assert {path.stat().st_mode & 0o777 for path in files} == {0o444}
        assert folder.stat().st_mode & 0o777 == 0o555
    assert (folder / "zygote.py").read_bytes() == (own / "zygote.py").read_bytes()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = copied(tmp_path / "file" / "guest")
    assert ended.returncode == 2
    assert str(tmp_path / "file" / "guest") in ended.stderr
    assert "hint:" in ended.stderr
    assert not os.path.exists(tmp_path / "guest")
