"""What is known about modules and locations, as far as it decides who can share a zygote. No I/O."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from reef.environments.model import Environment
from reef.hosting.contract import LoadReport
from reef.hosting.plan import WarmedModule

Attribute = tuple[str, str]
"""What must be the same for all who share a preloaded module: ("distribution", name), ("variable", name),
("import", top-level name) or ("own", top-level name)."""
NEVER = "(never)"  # an attribute with this value forbids preloading, even for one location alone
EVERYTHING = "*"  # a module that looked at the whole environment


@dataclass(frozen=True, slots=True)
class ModuleFact:
    """A module that may be preloaded. `distribution` is "" for the standard library."""

    distribution: str
    env_read: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Candidate:
    """A location that may be forked. `env` is the complete environment of its process, `modules` what
    `Catalogue.learn` returned for it (empty: not loaded yet), `own_names` the top-level modules that its own
    folders put before site-packages."""

    name: str
    python: str
    env: Mapping[str, str]
    modules: tuple[str, ...] = ()
    own_names: frozenset[str] = frozenset()


@dataclass
class Catalogue:
    """The modules that warm-ups and probes saw, without those that nobody may preload.

    What several loads say of one module is united: a variable that any of them saw read counts.
    """

    facts: dict[str, ModuleFact] = field(default_factory=dict)
    _orders: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def learn(self, environment: Environment, modules: Iterable[WarmedModule]) -> tuple[str, ...]:
        """Take up what a load of a location in this environment imported; its preloadable modules, in order."""
        names = []
        for module in modules:
            distribution = preloadable_from(environment, module.name, module.file)
            if distribution is not None:
                names.append(sys.intern(module.name))
                self._unite(module, distribution)
        order = tuple(names)
        return self._orders.setdefault(order, order)  # most locations of a fleet load the same

    def learn_report(self, environment: Environment, report: LoadReport) -> tuple[str, ...]:
        """The same for a probe's report, which does not say what a module needs."""
        seen = (
            WarmedModule(name, file, report.env_read.get(name, ())) for name, file in report.modules.items()
        )
        return self.learn(environment, seen)

    def _unite(self, module: WarmedModule, distribution: str) -> None:
        known = self.facts.get(module.name)
        env_read, needs = frozenset(module.env_read), frozenset(map(sys.intern, module.needs))
        if known is not None:
            if known.env_read >= env_read and known.needs >= needs:
                return
            env_read, needs = env_read | known.env_read, needs | known.needs
        self.facts[module.name] = ModuleFact(distribution, env_read, needs)


def preloadable_from(environment: Environment, name: str, file: str) -> str | None:
    """The distribution that a module belongs to, "" for the standard library, None if nobody may preload it."""
    if not file or name in ("__main__", "__mp_main__"):
        return None
    owner = environment.owner(file)
    if owner is not None:
        return None if owner.first_party else owner.name
    return "" if environment.in_stdlib(file) else None


def attributes_of(fact: ModuleFact, name: str) -> set[Attribute]:
    """What must agree before locations can share this module, what it needs aside."""
    tops = {need.partition(".")[0] for need in fact.needs} | {name.partition(".")[0]}
    found: set[Attribute] = {("variable", variable) for variable in fact.env_read}
    found |= {(kind, top) for top in tops for kind in ("own", "import")}
    return found | ({("distribution", fact.distribution)} if fact.distribution else set())


def value_of(
    attribute: Attribute, location: Candidate, environment: Environment, tops: Mapping[str, str]
) -> str:
    """What a location has there; "" for nothing. `tops` is `tops_of(environment)`."""
    kind, name = attribute
    return _VALUES[kind](name, location, environment, tops)


def _variable(name: str, location: Candidate, *_: object) -> str:
    if name == EVERYTHING:
        return repr(sorted(location.env.items()))
    value = location.env.get(name)
    return "" if value is None else f"={value}"


def _distribution(name: str, _location: Candidate, environment: Environment, _tops: object) -> str:
    found = environment.distributions.get(name)
    if found is None:
        return ""
    return NEVER if found.first_party else found.digest


def _import(name: str, _location: Candidate, _environment: Environment, tops: Mapping[str, str]) -> str:
    return tops.get(name, "")


def _own(name: str, location: Candidate, *_: object) -> str:
    return NEVER if name in location.own_names else ""


_VALUES: Mapping[str, Callable[[str, Candidate, Environment, Mapping[str, str]], str]] = {
    "variable": _variable,
    "distribution": _distribution,
    "import": _import,
    "own": _own,
}


def tops_of(environment: Environment) -> dict[str, str]:
    """Top-level import name -> the content of what is installed under it."""
    providers: dict[str, set[str]] = {}
    for owners in environment.owners:
        for path, name in owners.items():
            top = path.partition("/")[0].partition(".")[0]
            found = environment.distributions.get(name)
            if found is not None and not path.endswith((".pth", ".dist-info")):
                providers.setdefault(top, set()).add(found.digest)
    tops = {top: " ".join(sorted(digests)) for top, digests in providers.items()}
    return {top: f"working copy {folder}" for top, folder in environment.working_copies.items()} | tops
