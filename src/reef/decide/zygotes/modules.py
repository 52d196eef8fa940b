"""All modules that may be preloaded, as sets that are bits of integers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from reef.decide.zygotes.facts import Attribute, ModuleFact


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
