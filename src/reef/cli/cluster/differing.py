"""What `reef diff`, `reef plan` and `reef deploy` say of files against a cluster."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reef.cluster.kinds import Document
from reef.kube.model import CodeLocation
from reef.remote.differences import Difference, FieldChange, differences
from reef.remote.reaching import Remote
from reef.words import shortened

_LONGEST = 80
_STATE = {"added": "is added", "changed": "changes", "only_there": "is only in the cluster"}


@dataclass(frozen=True)
class Compared:
    """`there` are the CodeLocations of the namespace. Where files say not all there is, those that only the cluster has
    make no difference."""

    all: Sequence[Difference]
    there: Sequence[Document]
    says_all: bool

    @property
    def touched(self) -> list[Difference]:
        """What files would change."""
        return [each for each in self.all if each.state in ("added", "changed")]

    @property
    def only_there(self) -> list[str]:
        return [each.name for each in self.all if each.state == "only_there"]

    @property
    def differs(self) -> bool:
        return bool(self.touched or (self.says_all and self.only_there))


async def compare(remote: Remote, locations: Sequence[CodeLocation], says_all: bool) -> Compared:
    """Raises ReefError."""
    there = await remote.locations()
    return Compared(differences([each.document() for each in locations], there), there, says_all)


def lines(done: Compared, namespace: str) -> list[str]:
    """For people."""
    found = []
    for each in done.touched:
        tried = ", a new version" if each.new_version and each.state == "changed" else ""
        found.append(f"{each.name} {_STATE[each.state]}{tried}")
        found += [f"  {line_of(change)}" for change in each.changes]
    if done.says_all:
        found += [f"{name} {_STATE['only_there']}" for name in done.only_there]
    return [*found, total(done, namespace)]


def total(done: Compared, namespace: str) -> str:
    """One line that counts."""
    counts = Counter(each.state for each in done.all)
    parts = [f"{counts['added']} added", f"{counts['changed']} changed", f"{counts['same']} the same"]
    parts.append(f"{counts['only_there']} only in the cluster")
    return f"namespace {namespace}: {', '.join(parts)}"


def line_of(change: FieldChange) -> str:
    """One field."""
    if change.hidden:
        return f"{change.path}: {change.kind} (what may hold a secret is not shown)"
    if change.kind == "added":
        return f"{change.path}: + {_text(change.after)}"
    if change.kind == "removed":
        return f"{change.path}: - {_text(change.before)}"
    return f"{change.path}: {_text(change.before)} → {_text(change.after)}"


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shortened(text, _LONGEST)
