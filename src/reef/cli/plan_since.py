"""`reef plan --since`: git, the fleet's files and the import graph put together; nothing of it runs code."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from reef import fleet as fleets
from reef.decide.plan import LocationPlan, Plan, Reason
from reef.decide.touched import touched_by
from reef.decide.versions import changed_settings, setting_marks
from reef.errors import ReefError
from reef.fleet.model import Fleet, Location
from reef.importgraph import Changes, Tree, dbt_files, footprint_of
from reef.importgraph.changes import Repository
from reef.importgraph.former import files_that_count, former_fleet
from reef.sources import source_root


def plan_since(revision: str, path: str | None, python: str | None) -> tuple[Plan, Fleet, Changes]:
    """Raises ReefError."""
    asked = os.path.realpath(path or ".")
    fleet = fleets.read(asked, os.environ, python or sys.executable)
    repository = Repository.around(asked)
    changes = repository.changes(repository.commit(revision))
    if not changes.changed:
        return Plan(tuple(LocationPlan(one.name, False) for one in fleet.locations)), fleet, changes
    former = _former(repository, changes, fleet, asked)
    tree = Tree({path: repository.show(changes.revision, _inside(path, changes)) for path in changes.deleted})
    dbt = dbt_files(changes.changed, changes.top, tree)
    plans = [_location(one, former, tree, changes, dbt) for one in fleet.locations]
    return Plan(tuple(plans), _removed(fleet, former)), fleet, changes


def _inside(path: str, changes: Changes) -> str:
    return os.path.relpath(path, changes.top)


def _former(repository: Repository, changes: Changes, fleet: Fleet, asked: str) -> Fleet | ReefError | None:
    """The fleet before; the same where no file that says so changed, an error where it cannot be told."""
    if not files_that_count(fleet, changes.changed):
        return fleet
    with tempfile.TemporaryDirectory(prefix="reef-plan-") as folder:
        try:
            return former_fleet(
                repository, changes.revision, fleet, asked, Path(folder), changes.changed, os.environ
            )
        except ReefError as error:
            return error


def _location(
    spec: Location,
    former: Fleet | ReefError | None,
    tree: Tree,
    changes: Changes,
    dbt: frozenset[str],
) -> LocationPlan:
    if isinstance(former, ReefError):
        text = f"the fleet of {changes.revision[:12]} cannot be read, so its settings count as changed"
        return LocationPlan(spec.name, True, (Reason("unclear", f"{text}: {former.message}"),))
    before = {one.name: one for one in former.locations} if former else {}
    was = before.get(spec.name)
    footprint = footprint_of(spec, tree, changes.top, os.environ)
    settings = differing_settings(was, spec) if was else ()
    return touched_by(footprint, changes.changed, settings, was is None, changes.top, dbt)


def differing_settings(old: Location, new: Location) -> tuple[str, ...]:
    """Names of the settings that change what runs and differ; `python` among them, which versions know by content."""
    root, key = source_root(new), b"compared at once, stored nowhere"
    found = changed_settings(setting_marks(old, key, root), setting_marks(new, key, root))
    python = () if old.python == new.python else ("python",)
    return (*found, *python)


def _removed(fleet: Fleet, former: Fleet | ReefError | None) -> tuple[str, ...]:
    if not isinstance(former, Fleet):
        return ()
    names = {one.name for one in fleet.locations}
    return tuple(one.name for one in former.locations if one.name not in names)
