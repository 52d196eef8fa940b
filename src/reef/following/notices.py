"""What the kernel tells of changes in a set of folders. Imports `watchfiles` (4 MB), so only with --watch."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reef.decide.watch import parent
from reef.words import describe

QUIET_MS = 50  # after the last change, before a burst is over
LONGEST_MS = 1_600  # a burst that does not end
WAIT_MS = 1_000
LAST_MS = 10
TRIES = 5
# Whoever changes a file there from another machine, or from the host of this one, is not heard of.
UNTOLD = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "fuse",
    "virtiofs",
    "vboxsf",
    "prl_fs",
    "drvfs",
    "ceph",
    "lustre",
    "gpfs",
    "afs",
)


class CannotWatch(Exception):
    """The kernel gives no (more) watches; the text is for people."""


class Notices:
    """One set of folders, each without what is below it. All methods but `batch` may block for some milliseconds."""

    def __init__(self, folders: frozenset[str]) -> None:
        """Raises CannotWatch."""
        from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

        self.folders = folders
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1, "reef-watch")
        try:
            self._notify: Any = _made(RustNotify, folders)
        except (OSError, WatchfilesRustInternalError) as error:
            self._thread.shutdown(wait=False)
            raise CannotWatch(_for_people(error)) from None

    async def batch(self) -> frozenset[str]:
        """The paths of a burst of changes once it is over; empty where nothing happens for a second."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._thread, self._notify.watch, LONGEST_MS, QUIET_MS, WAIT_MS, self._stop
        )
        return frozenset() if isinstance(found, str) else frozenset(path for _, path in found)

    def close(self) -> frozenset[str]:
        """Returns what it was told last and nobody has heard yet."""
        self._stop.set()
        self._thread.shutdown(wait=True)
        found = self._notify.watch(LAST_MS, LAST_MS, LAST_MS, None)
        self._notify.close()
        return frozenset() if isinstance(found, str) else frozenset(path for _, path in found)


def _made(notify: Any, folders: frozenset[str]) -> Any:
    """Told not to raise for what may not be read, the library would not raise for the kernel's limits either."""
    for _ in range(TRIES):
        readable = sorted(folder for folder in folders if os.access(folder, os.R_OK))
        try:
            return notify(readable, False, False, 0, False, False)
        except (FileNotFoundError, PermissionError):
            continue  # gone since it was looked at
    return notify([], False, False, 0, False, False)


def _for_people(error: BaseException) -> str:
    text = describe(error)
    if "os error 28" in text or "watch limit" in text:
        return "the kernel's limit of watches is reached (fs.inotify.max_user_watches)"
    if "os error 24" in text:
        return (
            "the kernel's limit of watchers is reached (fs.inotify.max_user_instances), or that of open files"
        )
    return text


def untold(folders: Iterable[str], mounts: Mapping[str, str]) -> frozenset[str]:
    """Those of the folders on file systems that tell nothing; `mounts` as `mounted` gives them."""
    return frozenset(folder for folder in folders if _kind(folder, mounts).startswith(UNTOLD))


def _kind(folder: str, mounts: Mapping[str, str]) -> str:
    while folder not in mounts and folder != "/":
        folder = parent(folder)
    return mounts.get(folder, "")


def mounted() -> dict[str, str]:
    """mount point -> kind of file system. Blocks."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    parts = [line.split(" ") for line in lines]
    return {_unescaped(part[4]): part[part.index("-") + 1] for part in parts if "-" in part}


def _unescaped(path: str) -> str:
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, sign)
    return path


def asked_to_poll(environ: Mapping[str, str] = os.environ) -> bool:
    """As `watchfiles` reads its own variable."""
    return environ.get("WATCHFILES_FORCE_POLLING", "").lower() not in ("", "false", "disable", "disabled")
