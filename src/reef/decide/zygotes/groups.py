"""Dividing locations into groups that share a zygote, each where it pays. Sets are bits of integers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from reef.decide.zygotes.facts import ABSENT, NEVER, Attribute, ModuleFact

MOST_ATTRIBUTES = 8  # that a division of one group is tried by
MOST_CLASSES = 4
MOST_MERGED = 12


@dataclass(frozen=True)
class Costs:
    """Bytes. What a zygote takes and what a child saves are both counted in modules."""

    zygote_bytes: int = 10 << 20  # of a zygote that has preloaded nothing
    module_bytes: int = 64 << 10  # of a loaded module: Dagster's 1,465 take 93 MB
    shared: float = 0.8  # how much of what was preloaded stays shared in a child
    rebuild_bytes: int = 32 << 20  # what a new zygote must save more than the one that stands


@dataclass(frozen=True)
class Member:
    """Locations that are the same here; `loaded` is a set of modules, None where none was loaded yet."""

    names: tuple[str, ...]
    loaded: int | None


@dataclass
class Modules:
    """The catalogue as bits: which modules an attribute touches, with everything that needs them."""

    facts: Mapping[str, ModuleFact]
    names: list[str] = field(init=False)
    bit: dict[str, int] = field(init=False)
    direct: dict[Attribute, list[str]] = field(init=False)
    _touched: dict[Attribute, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = sorted(self.facts)
        self.bit = {name: 1 << number for number, name in enumerate(self.names)}
        self.direct = _direct(self.facts)

    @property
    def all(self) -> int:
        return (1 << len(self.names)) - 1

    def mask(self, names: Iterable[str]) -> int:
        found = 0
        for name in names:
            found |= self.bit.get(name, 0)
        return found

    def of(self, mask: int) -> Iterator[str]:
        while mask:
            low = mask & -mask
            yield self.names[low.bit_length() - 1]
            mask ^= low

    def of_kind(self, kind: str) -> list[str]:
        """The names of the attributes of a kind, sorted."""
        return sorted(name for found, name in self.direct if found == kind)

    def touched(self, attribute: Attribute) -> int:
        """The modules that cannot be preloaded where this attribute is not the same for all."""
        if attribute not in self._touched:
            self._touched[attribute] = self._with_importers(self.direct[attribute])
        return self._touched[attribute]

    @cached_property
    def _importers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, fact in self.facts.items():
            parent = name.rpartition(".")[0]
            for needed in (*fact.needs, parent):
                if needed in self.facts:
                    found.setdefault(needed, []).append(name)
        return found

    def _with_importers(self, names: list[str]) -> int:
        reached, waiting = set(names), list(names)
        while waiting:
            for importer in self._importers.get(waiting.pop(), ()):
                if importer not in reached:
                    reached.add(importer)
                    waiting.append(importer)
        return self.mask(reached)


def _direct(facts: Mapping[str, ModuleFact]) -> dict[Attribute, list[str]]:
    found: dict[Attribute, list[str]] = {}
    for name, fact in facts.items():
        for variable in fact.env_read:
            found.setdefault(("variable", variable), []).append(name)
        for top in fact.tops:
            found.setdefault(("import", top), []).append(name)
        if not fact.certain:
            found.setdefault(("environment", "installed"), []).append(name)
        if fact.unfit:
            found.setdefault(("unfit", name), []).append(name)
        if fact.distribution:
            found.setdefault(("distribution", fact.distribution), []).append(name)
    return found | {("own", top): names for (kind, top), names in found.items() if kind == "import"}


@dataclass
class Division:
    """All ways to divide `members`, and what each is worth.

    `classes`: attribute -> value -> the members that have it, of the attributes in which any members differ, or
    that are NEVER or ABSENT somewhere.
    """

    members: Sequence[Member]
    classes: Mapping[Attribute, Mapping[str, int]]
    modules: Modules
    costs: Costs
    _worth: dict[int, int] = field(default_factory=dict)
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
        blocked = 0
        for attribute, values in self.classes.items():
            if not _agree(values, group):
                blocked |= self.modules.touched(attribute)
            elif values.get(ABSENT, 0) & group == group:
                blocked |= self.modules.mask(self.modules.direct[attribute])
        return self.modules.all & ~blocked

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
            self._worth[group] = max(0, self.saving(group) - self.cost(group))
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
        weights = self.wanted(group)
        conflicts = sorted(
            self.conflicts(group), key=lambda a: (-(self.modules.touched(a) & weights).bit_count(), a)
        )[:MOST_ATTRIBUTES]
        joint = [group]
        for attribute in conflicts:
            classes = sorted(self.classes[attribute].values(), key=lambda c: (-(c & group).bit_count(), c))
            joint = [part & c for part in joint for c in classes if part & c]
            for part in classes[:MOST_CLASSES]:
                if part & group and group & ~part:
                    yield [part & group, group & ~part]
        if len(joint) > 1:
            yield joint

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
