"""Dividing locations into groups that share a zygote, each where it pays. Sets are bits of integers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from reef.decide.zygotes.facts import ABSENT, NEVER, Attribute
from reef.decide.zygotes.modules import Modules

MOST_ATTRIBUTES = 8  # that a division of one group is tried by
MOST_CLASSES = 4
MOST_MERGED = 12


@dataclass(frozen=True)
class ZygoteCosts:
    """Bytes. What a zygote takes and what a child saves are both counted in modules."""

    zygote_bytes: int = 10 << 20  # of a zygote that has preloaded nothing
    module_bytes: int = 64 << 10  # of a loaded module: Dagster's 1,465 take 93 MB
    shared: float = 0.8  # how much of what was preloaded stays shared in a child
    rebuild_bytes: int = 32 << 20  # what a new zygote must save more than the one that stands
    rehearsal_bytes: int = 28 << 20  # a location whose zygote cannot rehearse: 12 MB, and slower wakes


@dataclass(frozen=True)
class Member:
    """Locations that are the same here; `loaded` is a set of modules, None where none was loaded yet, `base` those of
    them that every server loads there, whoever's code it serves."""

    names: tuple[str, ...]
    loaded: int | None
    base: int = 0


@dataclass
class Division:
    """All ways to divide `members`, and what each is worth.

    `classes`: attribute -> value -> the members that have it, of the attributes in which any members differ, or
    that are NEVER or ABSENT somewhere.
    """

    members: Sequence[Member]
    classes: Mapping[Attribute, Mapping[str, int]]
    modules: Modules
    costs: ZygoteCosts
    _worth: dict[int, int] = field(default_factory=dict)
    _allowed: dict[int, int] = field(default_factory=dict)
    _preloaded: dict[int, int] = field(default_factory=dict)

    def in_group(self, group: int) -> Iterator[Member]:
        while group:
            low = group & -group
            yield self.members[low.bit_length() - 1]
            group ^= low

    def conflicts(self, group: int) -> Iterator[Attribute]:
        for attribute, values in self.classes.items():
            if not _agree(values, group):
                yield attribute

    def allowed(self, group: int) -> int:
        """The modules that every member of the group would have loaded the same. What looks for something that all
        of them lack is among these."""
        if group not in self._allowed:
            self._allowed[group] = self.modules.all & ~self._blocked(group)
        return self._allowed[group]

    def _blocked(self, group: int) -> int:
        blocked = 0
        for attribute, values in self.classes.items():
            if not _agree(values, group):
                blocked |= self.modules.touched(attribute)
            elif values.get(ABSENT, 0) & group == group:
                blocked |= self.modules.mask(self.modules.direct[attribute])
        return blocked

    def rehearsed(self, group: int) -> int:
        """What the rehearsal of Dagster's server needs in a zygote of the group: what each of them could have alone."""
        found = 0
        for number, member in enumerate(self.members):
            if member.base and group >> number & 1:
                found |= member.base & self.allowed(1 << number)
        return found

    def can_rehearse(self, group: int) -> bool:
        """A module of the server that is not the same for all is refused, and with it the rehearsal."""
        return not self.rehearsed(group) & ~self.allowed(group)

    def wanted(self, group: int) -> int:
        """The modules that two or more locations of the group load (one, where only one has been loaded)."""
        once = twice = 0
        for member in self.in_group(group):
            loaded = member.loaded or 0
            twice |= loaded if len(member.names) > 1 else once & loaded
            once |= loaded
        alone = sum(len(m.names) for m in self.in_group(group) if m.loaded is not None) == 1
        return once if alone else twice

    def preloaded(self, group: int) -> int:
        if group not in self._preloaded:
            self._preloaded[group] = self.allowed(group) & self.wanted(group)
        return self._preloaded[group]

    def cost(self, group: int) -> int:
        return self.costs.zygote_bytes + self.costs.module_bytes * self.preloaded(group).bit_count()

    def saving(self, group: int) -> int:
        preloaded = self.preloaded(group)
        shared = sum(
            len(m.names) * (preloaded & (self._assumed if m.loaded is None else m.loaded)).bit_count()
            for m in self.in_group(group)
        )
        return int(shared * self.costs.module_bytes * self.costs.shared)

    @cached_property
    def _assumed(self) -> int:
        """What a location that has never been loaded is expected to load: what all others do."""
        loads = [m.loaded for m in self.members if m.loaded is not None]
        found = loads[0] if loads else 0
        for loaded in loads:
            found &= loaded
        return found

    def worth(self, group: int) -> int:
        """What a zygote for the group saves beyond its cost; 0 where it does not pay."""
        if group not in self._worth:
            worth = self.saving(group) - self.cost(group)
            if not self.can_rehearse(group):
                worth -= self.costs.rehearsal_bytes * sum(len(m.names) for m in self.in_group(group))
            self._worth[group] = max(0, worth)
        return self._worth[group]

    def divide(self) -> list[int]:
        """The groups, as sets of members."""
        return self._merged(self._divided((1 << len(self.members)) - 1))

    def _divided(self, group: int) -> list[int]:
        best, gain = [group], self.worth(group)
        for parts in self._divisions(group):
            worth = sum(map(self.worth, parts))
            if worth > gain:
                best, gain = parts, worth
        return best if len(best) == 1 else [found for part in best for found in self._divided(part)]

    def _divisions(self, group: int) -> Iterator[list[int]]:
        weights, rehearsed = self.wanted(group), self.rehearsed(group)
        spoils = {a: bool(self.modules.touched(a) & rehearsed) for a in self.conflicts(group)}
        conflicts = sorted(
            spoils, key=lambda a: (not spoils[a], -(self.modules.touched(a) & weights).bit_count(), a)
        )[:MOST_ATTRIBUTES]
        for attribute in conflicts:
            for part in self._classes(attribute, group)[:MOST_CLASSES]:
                if group & ~part:
                    yield [part, group & ~part]
        yield from self._joint(group, [a for a in conflicts if spoils[a]])
        yield from self._joint(group, conflicts)

    def _classes(self, attribute: Attribute, group: int) -> list[int]:
        """The parts of the group that an attribute makes, largest first."""
        classes = (members & group for members in self.classes[attribute].values())
        return sorted(filter(None, classes), key=lambda part: (-part.bit_count(), part))

    def _joint(self, group: int, attributes: Sequence[Attribute]) -> Iterator[list[int]]:
        """The group divided by all of these at once."""
        parts = [group]
        for attribute in attributes:
            parts = [part & c for part in parts for c in self._classes(attribute, group) if part & c]
        if len(parts) > 1:
            yield parts

    def _merged(self, groups: list[int]) -> list[int]:
        """Undo divisions that a later one has made needless."""
        while 1 < len(groups) <= MOST_MERGED:
            pairs = ((a, b) for i, a in enumerate(groups) for b in groups[i + 1 :])
            gains = [(self.worth(a | b) - self.worth(a) - self.worth(b), a, b) for a, b in pairs]
            gain, a, b = max(gains, key=lambda found: found[0])
            if gain <= 0:
                break
            groups = [a | b, *(group for group in groups if group not in (a, b))]
        return groups


def _agree(values: Mapping[str, int], group: int) -> bool:
    return any(value != NEVER and members & group == group for value, members in values.items())
