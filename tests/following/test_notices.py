"""What the kernel tells of changes, and where it cannot: real files, real limits."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deadlines import scaled
from reef.decide.watch import Followed
from reef.following.notices import Notices, asked_to_poll, mounted, untold
from reef.following.watched_files import existing, footprint, steps
from reef.sources import SourceIndex, SourceScope


def heard(folders: frozenset[str], change: list[list[str]]) -> set[str]:
    """The paths told of while these commands run one after the other."""

    async def listen() -> set[str]:
        notices = Notices(folders)
        try:
            for command in change:
                subprocess.run(command, check=True)  # noqa: ASYNC221
            found: set[str] = set()
            while batch := await notices.batch():
                found |= batch
            return found
        finally:
            notices.close()

    return asyncio.run(listen())


def test_saves_renames_and_deletions_are_told(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "a.py").write_text("1")
    paths = {name: str(tmp_path / name) for name in ("a.py", "b.py", ".a.tmp", "c.py", "new")}
    told = heard(
        frozenset({str(tmp_path)}),
        [
            ["cp", "/etc/hostname", paths["b.py"]],
            ["cp", "/etc/hostname", paths[".a.tmp"]],
            ["mv", paths[".a.tmp"], paths["a.py"]],  # as editors save
            ["rm", paths["b.py"]],
            ["mkdir", paths["new"]],
            ["touch", str(tmp_path / "deep" / "x.py")],  # not below what is watched
        ],
    )
    assert {paths["a.py"], paths["b.py"], paths["new"]} <= told
    assert str(tmp_path / "deep" / "x.py") not in told


def test_what_was_told_last_is_not_lost_when_other_folders_are_watched(tmp_path: Path) -> None:
    notices = Notices(frozenset({str(tmp_path)}))
    (tmp_path / "late.py").write_text("1")
    assert notices.close() == {str(tmp_path / "late.py")}


LIMITED = """
import resource, sys
from reef.following.notices import CannotWatch, Notices
if sys.argv[1] == "watches":
    open("/proc/sys/user/max_inotify_watches", "w").write("3")
else:
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
    from watchfiles._rust_notify import RustNotify
    held = [open("/dev/null") for _ in range(16)]
try:
    Notices(frozenset(sys.argv[2:]))
except CannotWatch as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("limit", "said"),
    [("watches", "fs.inotify.max_user_watches"), ("files", "fs.inotify.max_user_instances")],
)
def test_limits_of_the_kernel_are_told(tmp_path: Path, limit: str, said: str) -> None:
    """In a user namespace of its own: it has limits of its own."""
    unshare = shutil.which("unshare")
    apart = [unshare, "-Ur"] if limit == "watches" and unshare else []
    if limit == "watches" and (not apart or subprocess.run([*apart, "true"]).returncode):
        pytest.skip("no user namespaces here")
    folders = [str(tmp_path / str(number)) for number in range(8)]
    for folder in folders:
        os.mkdir(folder)
    command = [*apart, sys.executable, "-c", LIMITED, limit, *folders]
    done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(60))
    assert said in done.stdout, done.stderr


def test_file_systems_that_tell_nothing() -> None:
    mounts = {"/": "ext4", "/net": "nfs4", "/net/local": "ext4", "/home/me/remote": "fuse.sshfs", "/w": "9p"}
    folders = ["/fleet", "/net/fleet/sales", "/net/local/x", "/home/me/remote", "/home/me", "/w/x"]
    assert untold(folders, mounts) == {"/net/fleet/sales", "/home/me/remote", "/w/x"}
    assert "/" in mounted()


@pytest.mark.parametrize(("value", "asked"), [(None, False), ("", False), ("disable", False), ("1", True)])
def test_polling_can_be_asked_for(value: str | None, asked: bool) -> None:
    assert asked_to_poll({} if value is None else {"WATCHFILES_FORCE_POLLING": value}) is asked


def test_every_link_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "releases" / "1").mkdir(parents=True)
    (tmp_path / "releases" / "1" / "x.txt").write_text("")
    (tmp_path / "current").symlink_to("releases/1")
    (tmp_path / "x.txt").symlink_to("current/x.txt")
    (tmp_path / "round").symlink_to("round")
    root = str(tmp_path)
    assert list(steps(f"{root}/x.txt")) == [f"{root}/x.txt", f"{root}/current", f"{root}/releases/1/x.txt"]
    assert list(steps(f"{root}/releases/1/x.txt")) == [f"{root}/releases/1/x.txt"]
    assert len(list(steps(f"{root}/round"))) <= 41


def test_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    assert existing([f"{tmp_path}/no/such/folder", str(tmp_path)]) == {str(tmp_path)}


def test_what_concerns_a_location(tmp_path: Path) -> None:
    for name in ("sales/defs/a.py", "sales/node_modules/x.js", "shared/names.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "sales" / "linked.py").symlink_to("../shared/names.py")
    root = str(tmp_path)
    scope = SourceScope((f"{root}/sales",), (f"{root}/shared/names.py", f"{root}/.env"), (f"{root}/shared",))
    found = footprint([asyncio.run(SourceIndex().record(scope))])
    assert found == Followed(
        frozenset({f"{root}/sales"}),
        frozenset({f"{root}/sales", f"{root}/sales/defs", f"{root}/shared"}),
        frozenset({f"{root}/shared/names.py", f"{root}/.env", f"{root}/sales/linked.py"}),
    )


def test_a_host_that_watches_nothing_does_not_load_the_library() -> None:
    code = (
        "import sys, reef.host.run; print([name for name in ('watchfiles', 'anyio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=scaled(60))
    assert done.stdout.strip() == "[]", done.stderr
