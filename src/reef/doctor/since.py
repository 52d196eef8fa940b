"""What got heavier since a revision: the same locations, loaded from a checkout of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from reef.doctor.findings import Costs, Diagnosis, Finding
from reef.doctor.limits import Limits
from reef.errors import ReefError
from reef.fleet.model import Location
from reef.importgraph.changes import Repository
from reef.importgraph.working_copies import installed_copies
from reef.words import describe

TIMEOUT_S = 120.0
NOISE = 0.3  # of the time that the same import takes twice


@contextlib.contextmanager
def checkout(path: str, revision: str) -> Iterator[tuple[Repository, str, str]]:
    """The repository around `path`, the commit, and a folder with its files, which is taken away afterwards. Submodules
    and files that git does not track are not in it. Raises ReefError."""
    repository = Repository.around(path)
    commit = repository.commit(revision)
    with tempfile.TemporaryDirectory(prefix="reef-doctor-") as folder:
        tree = os.path.join(os.path.realpath(folder), "before")
        _git(repository.top, "worktree", "add", "--detach", "--force", tree, commit)
        try:
            yield repository, commit, tree
        finally:
            _git(repository.top, "worktree", "remove", "--force", tree)


def _git(folder: str, *words: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "core.hooksPath=/dev/null", *words]
    try:
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise ReefError(f"git cannot check {words[-1]} out: {describe(error)}") from None
    if done.returncode and words[1] == "add":
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ReefError(f"git cannot check {words[-1][:12]} out: {said[-1] if said else done.returncode}")


def moved(spec: Location, top: str, tree: str) -> Location:
    """The location as it lies in the other checkout; what lies outside of the repository stays where it is. Blocks
    shortly."""

    def is_inside(path: str) -> bool:
        real = os.path.realpath(path)
        return bool(path) and (real == top or real.startswith(f"{top}/"))

    def place(path: str) -> str:
        return os.path.join(tree, os.path.relpath(os.path.realpath(path), top)) if is_inside(path) else path

    code = spec.code
    if code is not None:
        code = replace(
            code,
            python_file=place(code.python_file) if code.python_file else None,
            working_directory=place(code.working_directory) if code.working_directory else None,
        )
    parts = [part for part in spec.env.get("PYTHONPATH", "").split(os.pathsep) if part]
    # The interpreter leads to today's files of what it has installed as a working copy.
    parts += filter(is_inside, installed_copies(spec.python)[0])
    path = {"PYTHONPATH": os.pathsep.join(map(place, parts))} if parts else {}
    return replace(spec, code=code, cwd=place(spec.cwd), env={**spec.env, **path})


def heavier(
    before: Sequence[Diagnosis], after: Sequence[Diagnosis], top: str, tree: str, limits: Limits
) -> list[Diagnosis]:
    """The locations as they are now, with the findings alone that are new or cost more than before, and by how much;
    trouble only where there was none. Pure."""
    old = {one.location: one for one in before}
    return [_heavier(old.get(one.location), one, top, tree, limits) for one in after]


def _heavier(before: Diagnosis | None, after: Diagnosis, top: str, tree: str, limits: Limits) -> Diagnosis:
    if before is None:
        return after
    known = {_key(finding, tree): finding for finding in before.findings}
    grown = [_grown(known.get(_key(one, top)), one, limits) for one in after.findings]
    trouble = () if before.trouble and after.trouble else after.trouble
    return msgspec.structs.replace(
        after, findings=tuple(one for one in grown if one is not None), trouble=trouble
    )


def _key(one: Finding, top: str) -> tuple[str, ...]:
    """Lines move: a statement is known by its file, its kind and what it says."""
    file = os.path.relpath(os.path.realpath(one.file), top) if one.file else ""
    return file, one.kind, one.module or one.statement


def _slower(before_s: float, after_s: float) -> float:
    """By how much, 0 where a busy machine may be the reason."""
    return after_s - before_s if after_s - before_s > NOISE * before_s else 0.0


def _grown(before: Finding | None, after: Finding, limits: Limits) -> Finding | None:
    if before is None:
        return after
    private = after.costs.private_bytes - before.costs.private_bytes
    wall_s = _slower(before.costs.wall_s, after.costs.wall_s)
    cpu_s = _slower(before.costs.cpu_s, after.costs.cpu_s)
    threads = after.costs.threads - before.costs.threads
    if not limits.heavy(private, cpu_s, wall_s) and threads <= 0:
        return None
    costs = Costs(
        wall_s=max(0.0, wall_s), cpu_s=max(0.0, cpu_s), private_bytes=max(0, private), threads=max(0, threads)
    )
    share = private / after.costs.private_bytes if after.costs.private_bytes else 0.0
    return msgspec.structs.replace(
        after,
        costs=costs,
        saving_bytes=round(after.saving_bytes * max(0.0, share)),
        message=f"{after.message}, more than before by what is shown",
    )
