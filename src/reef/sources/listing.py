"""Which files of a folder are source: those that version control would track."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reef.sources.ignored import ignored_file, ignored_folder

GIT_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Listing:
    """Paths relative to the folder. `folders` are those where a new file would count, "" the folder itself."""

    files: tuple[str, ...]
    folders: tuple[str, ...]


class TooManyFiles(Exception):
    """More files than a source root may have."""


def source_files(root: str, skip: Sequence[str] = (), most: int = 20_000) -> Listing:
    """What counts below `root`; nothing below a folder of `skip` (absolute). Raises TooManyFiles."""
    listed = _git(root) if _in_work_tree(root) else None
    if listed and not listed[0]:
        listed = None  # the folder as a whole is ignored, yet somebody loads code from it
    hidden = frozenset(listed[1]) if listed else frozenset()
    files, folders = _walk(root, frozenset(skip), hidden, most)
    if listed:
        found = set(folders)
        files = [path for path in listed[0] if os.path.dirname(path) in found and _counts(root, path)]
        files += _submodules(root, listed[0], skip, most)
    return Listing(tuple(sorted(set(files))), tuple(sorted(folders)))


def _counts(root: str, path: str) -> bool:
    return not ignored_file(os.path.basename(path)) and _is_file(f"{root}/{path}")


def _is_file(path: str) -> bool:
    """A regular file or a symbolic link; listed files may have been deleted, submodules are folders."""
    return os.path.islink(path) or os.path.isfile(path)


def _walk(root: str, skip: frozenset[str], hidden: frozenset[str], most: int) -> tuple[list[str], list[str]]:
    files: list[str] = []
    folders: list[str] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        entries = list(_entries(f"{root}/{folder}" if folder else root))
        if folder and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        folders.append(folder)
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if not (ignored_folder(entry.name) or path in hidden or entry.path in skip):
                    waiting.append(path)
            elif not ignored_file(entry.name) and (
                entry.is_symlink() or entry.is_file(follow_symlinks=False)
            ):
                files.append(path)
        if len(files) > most:
            raise TooManyFiles(root)
    return files, folders


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return


def _in_work_tree(root: str) -> bool:
    folder = root
    while True:
        if os.path.exists(f"{folder}/.git"):
            return True
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        folder = parent


def _git(root: str) -> tuple[list[str], list[str]] | None:
    """Files that git tracks or would add, and folders that it ignores; None where git will not say."""
    files = _ask_git(root, "--cached", "--others", "--exclude-standard")
    if files is None:
        return None
    hidden = _ask_git(root, "--others", "--ignored", "--exclude-standard", "--directory") or []
    return files, [path.rstrip("/") for path in hidden if path.endswith("/")]


def _ask_git(root: str, *options: str) -> list[str] | None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z", *options)
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=environ | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return [os.fsdecode(path) for path in done.stdout.split(b"\0") if path]


def _submodules(root: str, listed: Iterable[str], skip: Sequence[str], most: int) -> list[str]:
    """Git lists a submodule (or a repository inside this one) as one path: its folder."""
    found = []
    for path in listed:
        path = path.rstrip("/")
        if os.path.isdir(f"{root}/{path}") and not os.path.islink(f"{root}/{path}"):
            inner = source_files(f"{root}/{path}", skip, most)
            found += [f"{path}/{name}" for name in inner.files]
    return found
