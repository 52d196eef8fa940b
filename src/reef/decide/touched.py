"""Whether a change touches a location, from what changed and what the location is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from reef.decide.plan import LocationPlan, Reason
from reef.importgraph.model import Footprint, is_module


def touched_by(
    footprint: Footprint,
    changed: Collection[str],
    settings: Iterable[str] = (),
    new: bool = False,
    inside: str | None = None,
    dbt: Collection[str] = (),
) -> LocationPlan:
    """`changed`: absolute paths of files (of a submodule its folder); `settings`: names that differ; `inside`: the
    folder in which `changed` lists everything; `dbt`: those of `changed` that lie in a dbt project."""
    if new:
        return LocationPlan(footprint.location, True, (Reason("new", "new in the fleet"),))
    reasons = [Reason("setting", f"setting {name} changed") for name in settings]
    reasons += _files(footprint, sorted(changed))
    counted = {reason.path for reason in reasons}
    if footprint.has_dbt:
        reasons += [Reason("dbt", "in a dbt project", path) for path in sorted(dbt) if path not in counted]
    rest = [path for path in changed if is_module(path) and path not in counted]
    reasons += _unclear(footprint, rest)
    reasons += _outside(footprint, inside)
    return LocationPlan(footprint.location, bool(reasons), tuple(reasons))


def _files(footprint: Footprint, changed: Iterable[str]) -> Iterator[Reason]:
    above = {parent for file in footprint.via for parent in _parents(file)}
    for path in changed:
        if path in footprint.via:
            chain = chain_to(footprint.via, path)
            how = "imported" if len(chain) > 1 else "its entry"
            yield Reason("module", f"{how}", path, chain)
        elif path in footprint.env_files:
            yield Reason("environment file", "one of its environment files", path)
        elif path in footprint.dependency_files:
            yield Reason("dependencies", "says what is installed for it", path)
        elif footprint.source_root and path.startswith(f"{footprint.source_root}/"):
            yield Reason("source", "in its source root", path)
        elif path in above:
            yield Reason("module", "a folder that it imports from", path)
        elif not is_module(path) and any(path.startswith(f"{folder}/") for folder in footprint.data_folders):
            yield Reason("data", "beside a module that it imports", path)


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def chain_to(via: Mapping[str, tuple[str, int] | None], path: str) -> tuple[str, ...]:
    """`entry.py:3 → lib/__init__.py:1 → lib/x.py`, as one text for each file."""
    chain, seen = [path], {path}
    while (way := via.get(path)) is not None and way[0] not in seen:
        path = way[0]
        seen.add(path)
        chain.append(f"{path}:{way[1]}")
    return tuple(reversed(chain))


def _unclear(footprint: Footprint, rest: Collection[str]) -> Iterator[Reason]:
    if not rest:
        return
    first = min(rest)
    for each in footprint.unclear:
        place = each.file if each.line is None else f"{each.file}:{each.line}"
        text = f"{place} {each.text}: it cannot be told whether it uses {first}"
        yield Reason("unclear", text + (f" and {len(rest) - 1} more" if len(rest) > 1 else ""), each.file)


def _outside(footprint: Footprint, inside: str | None) -> Iterator[Reason]:
    root = footprint.source_root
    if inside is None or footprint.external or root is None:
        return
    if root != inside and not root.startswith(f"{inside}/"):
        yield Reason("unclear", f"its source {root} lies outside {inside}, where nothing is known of changes")
