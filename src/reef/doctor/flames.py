"""What each module took, as a tree by who asked for it first: what a flame graph draws. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEEPEST = 60


@dataclass(frozen=True)
class Flame:
    """`bytes` and `seconds` with those below. `where`: `file:line` of a statement, "" for a module."""

    name: str
    bytes: int
    seconds: float
    where: str = ""
    below: tuple[Flame, ...] = ()


def flame_of(watched: Mapping[str, Any]) -> Flame:
    """`watched`: the answer of the guest's `watch`. Statements are roots, with the third-party modules they brought
    first; modules of first-party code are left out, since their statements stand for themselves."""
    modules: Mapping[str, Any] = watched["modules"]
    tops = [_statement(one, modules) for one in watched["statements"]]
    kept = tuple(
        sorted((top for top in tops if top.seconds > 0 or top.bytes > 0), key=lambda one: -one.bytes)
    )
    return Flame("location", sum(one.bytes for one in kept), sum(one.seconds for one in kept), "", kept)


def _statement(one: Mapping[str, Any], modules: Mapping[str, Any]) -> Flame:
    below = _below(one["started"], modules, frozenset(), DEEPEST)
    name = f"{one['file'].rpartition('/')[2]}:{one['line']}"
    return _flame(name, one["took"], f"{one['file']}:{one['line']}", below)


def _below(
    names: list[str], modules: Mapping[str, Any], above: frozenset[str], depth: int
) -> tuple[Flame, ...]:
    found = []
    for name in dict.fromkeys(names):
        one = modules.get(name)
        if one is None or one["own"] or name in above or not depth:
            continue
        below = _below(one["started"], modules, above | {name}, depth - 1)
        found.append(_flame(name, one["took"], "", below))
    return tuple(found)


def _flame(name: str, took: list[Any], where: str, below: tuple[Flame, ...]) -> Flame:
    size = max(0, took[2]) + sum(one.bytes for one in below)
    seconds = max(0.0, took[0]) + sum(one.seconds for one in below)
    return Flame(name, size, seconds, where, below)
