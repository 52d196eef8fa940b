"""What differs between a revision and the files as they lie there, committed or not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from reef.errors import ReefError
from reef.sources.ignored import ignored_file, ignored_folder
from reef.words import describe

TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Changes:
    """Of one repository. Paths absolute and real; `deleted` are those that are there no more."""

    top: str
    revision: str
    changed: frozenset[str]
    deleted: frozenset[str]


@dataclass(frozen=True)
class Repository:
    """One git working tree; `top` is its real folder."""

    top: str

    @staticmethod
    def around(path: str) -> Repository:
        """Raises ReefError where there is none."""
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        try:
            top = _git(folder, "rev-parse", "--show-toplevel")
        except GitFailed as failure:
            raise ReefError(
                f"{folder} is in no git repository: {describe(failure)}",
                hint="--since compares with a git revision",
            ) from None
        return Repository(os.path.realpath(os.fsdecode(top).rstrip("\n")))

    def commit(self, revision: str) -> str:
        """Its full id. Raises ReefError for what is no commit."""
        try:
            found = _git(
                self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except GitFailed:
            raise ReefError(
                f"{revision!r} is no commit of {self.top}",
                hint="a shallow clone may lack it: `git fetch --deepen 100`, or fetch-depth: 0 in CI",
            ) from None
        return found.decode().strip()

    def changes(self, commit: str) -> Changes:
        try:
            diff = _git(
                self.top, "diff", "--name-status", "--no-renames", "--no-ext-diff", "-z", commit, "--"
            )
            others = _git(self.top, "ls-files", "--others", "--exclude-standard", "-z")
        except GitFailed as failure:
            raise ReefError(
                f"git could not compare {self.top} with {commit[:12]}: {describe(failure)}"
            ) from None
        fields = [os.fsdecode(part) for part in diff.split(b"\0") if part]
        named = list(zip(fields[::2], fields[1::2], strict=True))
        untracked = [os.fsdecode(part).rstrip("/") for part in others.split(b"\0") if part]
        counted = [path for path in (*(path for _, path in named), *untracked) if _counts(path)]
        gone = [path for status, path in named if status == "D"]
        return Changes(self.top, commit, self._absolute(counted), self._absolute(gone))

    def _absolute(self, paths: Iterable[str]) -> frozenset[str]:
        return frozenset(f"{self.top}/{path}" for path in paths)

    def files(self, commit: str) -> list[str]:
        """Paths of all files of a commit, relative to the top."""
        try:
            listed = _git(self.top, "ls-tree", "-r", "--name-only", "-z", "--full-tree", commit)
        except GitFailed as failure:
            raise ReefError(f"git could not list {commit[:12]}: {describe(failure)}") from None
        return [os.fsdecode(part) for part in listed.split(b"\0") if part]

    def show(self, commit: str, path: str) -> bytes:
        """What a file (relative to the top) held; b'' for what is no file there, such as a submodule."""
        try:
            return _git(self.top, "show", f"{commit}:{path}")
        except GitFailed:
            return b""


class GitFailed(Exception):
    """What git said."""


def _git(folder: str, *words: str) -> bytes:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in ("GIT_SSL_CAINFO",)}
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", "-c", "core.quotepath=off", *words],
            cwd=folder,
            env=environ | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
        )
    except FileNotFoundError:
        raise GitFailed("git is not installed") from None
    except (OSError, subprocess.SubprocessError) as error:
        raise GitFailed(describe(error)) from None
    if done.returncode:
        raise GitFailed(done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}")
    return done.stdout


def _counts(path: str) -> bool:
    *folders, name = path.split("/")
    return not ignored_file(name) and not any(map(ignored_folder, folders))
