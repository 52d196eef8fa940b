"""What two versions of a location define, one against the other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

KINDS = ("jobs", "assets", "asset_checks", "schedules", "sensors")
Outline = Mapping[str, Mapping[str, str]]  # kind -> name -> digest of its definition


@dataclass(frozen=True)
class Diff:
    """Kind -> names, sorted; kinds without any are left out."""

    added: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def as_dict(self) -> dict[str, dict[str, list[str]]]:
        """Plain JSON values: `{"added": {"jobs": [...]}, "removed": ..., "changed": ...}`."""
        parts = {"added": self.added, "removed": self.removed, "changed": self.changed}
        return {which: {kind: list(names) for kind, names in part.items()} for which, part in parts.items()}


def difference(old: Outline, new: Outline) -> Diff:
    """Names are of the location as a whole, with their repository where it has several."""
    return Diff(
        added=_each(lambda kind: _of(new, kind).keys() - _of(old, kind).keys()),
        removed=_each(lambda kind: _of(old, kind).keys() - _of(new, kind).keys()),
        changed=_each(lambda kind: _changed(_of(old, kind), _of(new, kind))),
    )


def _of(outline: Outline, kind: str) -> Mapping[str, str]:
    return outline.get(kind, {})


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> set[str]:
    return {name for name in old.keys() & new.keys() if old[name] != new[name]}


def _each(names_of: Callable[[str], Iterable[str]]) -> dict[str, tuple[str, ...]]:
    found = {kind: tuple(sorted(names_of(kind))) for kind in KINDS}
    return {kind: names for kind, names in found.items() if names}


def refusal(diff: Diff, allow_removals: bool) -> str | None:
    """Why a version must not be promoted: it would lose definitions."""
    if allow_removals or not diff.removed:
        return None
    return f"it would remove {spelt(diff.removed)}"


def spelt(part: Mapping[str, tuple[str, ...]], most: int = 5) -> str:
    """`jobs a, b; sensors c` for people."""
    return "; ".join(f"{kind.replace('_', ' ')} {_few(names, most)}" for kind, names in part.items())


def _few(names: tuple[str, ...], most: int) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
