"""One host for each state directory, and clear words where a folder will not do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reef.errors import ReefError
from reef.statedir import (
    HostLock,
    StateDir,
    default_state_dir,
    host_is_alive,
    open_state_dir,
    slug,
    sweep_half_written,
    write_atomic,
)


def test_a_second_host_on_the_same_folder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    state = open_state_dir(tmp_path / "state")
    lock = HostLock(state)
    try:
        assert host_is_alive(state)
        second = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from pathlib import Path; from reef.statedir import *\n"
                "try: HostLock(open_state_dir(Path(sys.argv[1])))\n"
                "except Exception as e: print(e); sys.exit(2)",
                str(state.root),
            ],
            capture_output=True,
            text=True,
        )
        assert second.returncode == 2
        assert f"pid {os.getpid()}" in second.stdout
        assert "--state-dir" in second.stdout
    finally:
        lock.release()
    assert not host_is_alive(state)
    HostLock(state).release()


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    state = open_state_dir(tmp_path / "state")
    code = (
        "import sys, os; from pathlib import Path; from reef.statedir import *\n"
        "HostLock(open_state_dir(Path(sys.argv[1]))); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(state.root)])
    assert not host_is_alive(state)


def test_a_file_in_the_place_of_the_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(ReefError, match="cannot be written") as caught:
        open_state_dir(tmp_path / "f" / "state")
    assert "--state-dir" in str(caught.value)


def test_socket_paths_that_the_kernel_would_refuse_are_refused_first(tmp_path: Path) -> None:
    state = open_state_dir(tmp_path / ("d" * 100))
    with pytest.raises(ReefError, match="bytes, a unix socket's may have 107") as caught:
        state.check_socket_paths(("sales",))
    assert "--state-dir" in str(caught.value)
    StateDir(tmp_path).check_socket_paths(("sales",))


@pytest.mark.parametrize("name", ["sales", "a b/c", "../../etc", "名前", "x" * 300, "..", ""])
def test_slugs_are_safe_file_names_and_distinct(name: str) -> None:
    result = slug(name)
    assert len(result) <= 33
    assert "/" not in result
    assert not result.startswith(".")
    assert result != slug(name + "x")


def test_the_state_directory_of_a_fleet_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "workspace.yaml").write_text("load_from: []")
    environ = {"XDG_STATE_HOME": "/var/x"}
    by_file = default_state_dir(str(tmp_path / "workspace.yaml"), environ)
    assert by_file == default_state_dir(str(tmp_path), environ)
    assert str(by_file).startswith("/var/x/reef/")
    assert default_state_dir("/y", {"REEF_STATE_DIR": "/z"}) == Path("/z")


def test_an_atomic_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "f"
    write_atomic(target, b"old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from reef.statedir import write_atomic\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_atomic(Path(sys.argv[1]), b'x' * 100000)\n"
        "except OSError: sys.exit(7)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(target)]).returncode == 7
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_what_a_killed_host_left_half_written_is_swept_and_nothing_else(tmp_path: Path) -> None:
    state = open_state_dir(tmp_path / "state")
    left = [".workspace.yaml.ab_c12xy", "served/.sales-1.json.0a1b2c3d", "contents/.0a1b.z.0a1b2c3d"]
    stay = [
        ".gitignore",
        "workspace.yaml",
        "served/sales-1.json",
        "dagster/.telemetry.abcdefgh",
        "copies/blobs/ab/abcd",
    ]
    for name in (*left, *stay):
        (state.root / name).parent.mkdir(parents=True, exist_ok=True)
        (state.root / name).touch()
    (state.root / "copies" / "trees" / ".new-0a1b2c3d").mkdir(parents=True)
    sweep_half_written(state)
    assert sorted(
        str(path.relative_to(state.root)) for path in state.root.rglob("*") if path.is_file()
    ) == sorted(stay)
    assert not (state.root / "copies" / "trees" / ".new-0a1b2c3d").exists()
