"""Whom a module's cost belongs to: the first-party statements that lead to it. Pure: what a watched load told, turned
into shares. Who happened to import a module first does not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

At = tuple[str, int]
"""File and line of a statement."""

DAGSTER: At = ("", 0)  # what is asked for by Dagster itself: nobody's


@dataclass
class Took:
    wall_s: float = 0.0
    cpu_s: float = 0.0
    private_bytes: int = 0
    shared_bytes: int = 0
    threads: int = 0

    def add(self, took: Iterable[Any]) -> None:
        wall, cpu, private, shared, threads = took
        self.wall_s += wall
        self.cpu_s += cpu
        self.private_bytes += private
        self.shared_bytes += shared
        self.threads += threads

    def each(self) -> tuple[float, float, int, int, int]:
        return self.wall_s, self.cpu_s, self.private_bytes, self.shared_bytes, self.threads


@dataclass
class Share:
    """Modules to which exactly these statements lead, and what their bodies took."""

    statements: frozenset[At]
    took: Took = field(default_factory=Took)
    modules: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Graph:
    shares: tuple[Share, ...]
    direct: Mapping[At, frozenset[str]]  # third-party modules that a statement itself asks for

    def only_of(self, at: At) -> Share:
        wanted = frozenset((at,))
        return next((one for one in self.shares if one.statements == wanted), Share(wanted))


def graph_of(watched: Mapping[str, Any]) -> Graph:
    """`watched`: the answer of the guest's `watch`."""
    modules: Mapping[str, Any] = watched["modules"]
    foreign = {name for name, one in modules.items() if not one["own"]}
    edges, direct = _edges(watched, foreign)
    leads = _reached(edges, direct)
    shares: dict[frozenset[At], Share] = {}
    for name in foreign:
        statements = frozenset(leads.get(name, ()))
        share = shares.setdefault(statements, Share(statements))
        share.took.add(modules[name]["took"])
        share.modules.append(name)
    known = [one for one in shares.values() if one.statements and DAGSTER not in one.statements]
    known.sort(key=lambda one: (-one.took.private_bytes, sorted(one.modules)))
    return Graph(tuple(known), {at: frozenset(names) for at, names in direct.items()})


def _edges(watched: Mapping[str, Any], foreign: set[str]) -> tuple[dict[str, set[str]], dict[At, set[str]]]:
    """Module -> modules that its body needs, and statement -> modules that it asks for; third-party ones only."""
    edges: dict[str, set[str]] = {name: set(_parents(name)) & foreign for name in foreign}
    direct: dict[At, set[str]] = {}
    for asker, line, asked in watched["asks"]:
        if line or not asker:
            direct.setdefault((asker, line), set()).update({asked, *_parents(asked)} & foreign)
        elif asker in foreign:
            edges[asker].update({asked} & foreign)
    for one in watched["statements"]:
        direct.setdefault((one["file"], one["line"]), set()).update(set(one["started"]) & foreign)
    direct.setdefault(DAGSTER, set()).update(set(watched["root_started"]) & foreign)
    for name, one in watched["modules"].items():
        if name in foreign:
            edges[name].update(set(one["started"]) & foreign)
    return edges, direct


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _reached(edges: Mapping[str, set[str]], direct: Mapping[At, set[str]]) -> dict[str, set[At]]:
    found: dict[str, set[At]] = {}
    for at, asked in direct.items():
        seen = set(asked)
        waiting = list(asked)
        while waiting:
            name = waiting.pop()
            found.setdefault(name, set()).add(at)
            new = edges.get(name, set()) - seen
            seen |= new
            waiting += new
    return found
