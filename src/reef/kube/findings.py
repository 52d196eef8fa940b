"""What an import or an export could not do as written: each with its place, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from reef.errors import ReefError, Where
from reef.fleet.document import Item

# lost: it has no place in the result. kept: carried along, and nothing acts on it. changed: carried over, not as
# written. left_out: a whole location is missing in the result.
Kind = Literal["lost", "kept", "changed", "left_out"]


@dataclass(frozen=True)
class Finding:
    """One value that did not go over as it was written."""

    kind: Kind
    path: str
    text: str
    where: Where | None = None

    def to_json(self) -> dict[str, object]:
        """Plain data: kind, path, text, file, line."""
        return {
            "kind": self.kind,
            "path": self.path,
            "text": self.text,
            "file": self.where.file if self.where else None,
            "line": self.where.line if self.where else None,
        }


def about(kind: Kind, item: Item, text: str) -> Finding:
    """A finding about a value of a document."""
    return Finding(kind, item.path, text, item.where)


def left_out(item: Item, error: ReefError) -> Finding:
    """That what `item` says is missing in the result, and why."""
    why = f"{error.message}; {error.hint}" if error.hint else error.message
    path, _, rest = why.partition(" ")
    if not path.startswith(item.path) or not rest:
        path, rest = item.path, why
    return Finding("left_out", path, rest, error.where or item.where)


def grouped(findings: Iterable[Finding]) -> list[str]:
    """One line for each; what many locations have in common is said once."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.kind, each.path.rpartition(".")[2], each.text), []).append(each)
    return [_line(each) for each in groups.values()]


def _line(same: list[Finding]) -> str:
    first = same[0]
    more = f" (and {len(same) - 1} more)" if len(same) > 1 else ""
    place = f"{first.where}: " if first.where else ""
    return f"{place}{first.kind.replace('_', ' ')}: {first.path}{more}: {first.text}"
