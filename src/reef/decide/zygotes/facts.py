"""What is known about modules and locations, as far as it decides who can share a zygote."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reef.environments.model import Distribution, Environment
from reef.hosting.contract import LoadReport
from reef.hosting.plan import Unfit, WarmedModule

Attribute = tuple[str, str]
"""What must be the same for all who share a preloaded module: ("distribution", name), ("variable", name or
prefix*), ("import", top-level name), ("own", top-level name), ("environment", "installed") or ("unfit", module),
which is the same for nobody."""
NEVER = "(never)"  # an attribute with this value forbids preloading, even for one location alone
ABSENT = (
    "(absent)"  # of a distribution that is not installed: its own modules cannot be preloaded, others can
)


@dataclass(frozen=True, slots=True)
class ModuleFact:
    """A module that may be preloaded. `distribution` is "" for the standard library. Where nobody has seen what
    it `needs`, it is not `certain`: it may have looked for anything that is installed, or is not."""

    distribution: str
    env_read: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    tops: frozenset[str] = frozenset()  # top-level names of itself and of what it needs
    certain: bool = True
    unfit: bool = False  # seen to do what nobody may inherit


@dataclass(frozen=True)
class Candidate:
    """A location that may be forked. `env` is the complete environment of its process, `modules` what
    `Catalogue.learn` returned for it (empty: not loaded yet), `own_names` the top-level modules that its own
    folders put before site-packages, `shared` what every server in its environment loads before a location's own
    code (empty: nobody has seen it)."""

    name: str
    python: str
    env: Mapping[str, str]
    modules: tuple[str, ...] = ()
    own_names: frozenset[str] = frozenset()
    shared: tuple[str, ...] = ()


@dataclass
class Catalogue:
    """The modules that warm-ups and probes saw, without those that nobody may preload.

    `unfit`: what builds have found. `costs`: distribution -> seconds that an import of it took then. What several
    loads say of one module is united: a variable that any of them saw read counts.
    """

    unfit: Mapping[str, Unfit] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    facts: dict[str, ModuleFact] = field(default_factory=dict)
    _orders: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def learn(self, environment: Environment, modules: Iterable[WarmedModule]) -> tuple[str, ...]:
        """Take up what a load of a location in this environment imported; its preloadable modules, in order. Of a
        module that looked at all variables the caller says which count (`environments.prefixes.narrowed`)."""
        names = []
        modules = list(modules)
        certain = any(module.needs for module in modules)
        for module in modules:
            distribution = preloadable_from(environment, module.name, module.file)
            if distribution is not None:
                names.append(sys.intern(module.name))
                self._unite(module, distribution, certain or not distribution)
        order = tuple(names)
        return self._orders.setdefault(order, order)  # most locations of a fleet load the same

    def _unite(self, module: WarmedModule, distribution: str, certain: bool) -> None:
        known = self.facts.get(module.name)
        env_read, needs = frozenset(module.env_read), frozenset(map(sys.intern, module.needs))
        if known is not None:
            if known.env_read >= env_read and known.needs >= needs and known.certain >= certain:
                return
            env_read, needs, certain = (
                env_read | known.env_read,
                needs | known.needs,
                certain or known.certain,
            )
        unfit = module.name in self.unfit
        tops = frozenset(sys.intern(name.partition(".")[0]) for name in (module.name, *needs))
        self.facts[module.name] = ModuleFact(distribution, env_read, needs, tops, certain, unfit)


def modules_of(report: LoadReport) -> tuple[WarmedModule, ...]:
    """What a probe's report says of each module."""
    return tuple(
        WarmedModule(name, file, report.env_read.get(name, ()), report.needs.get(name, ()))
        for name, file in report.modules.items()
    )


def preloadable_from(environment: Environment, name: str, file: str) -> str | None:
    """The distribution that a module belongs to, "" for the standard library, None if nobody may preload it."""
    if not file or name in ("__main__", "__mp_main__"):
        return None
    owner = environment.owner(file)
    if owner is not None:
        return None if owner.first_party else owner.name
    return "" if environment.in_stdlib(file) else None


def variable_value(pattern: str, env: Mapping[str, str]) -> str:
    """The value of a variable, or of all that begin like `PREFIX*`; "" for none."""
    if not pattern.endswith("*"):
        value = env.get(pattern)
        return "" if value is None else f"={value}"
    found = matching(pattern, env)
    return repr([(name, env[name]) for name in found]) if found else ""


def matching(pattern: str, env: Mapping[str, str]) -> list[str]:
    """The variables of `env` that a pattern names, sorted."""
    if not pattern.endswith("*"):
        return [pattern] if pattern in env else []
    prefix = pattern[:-1].upper()
    return sorted(name for name in env if name.upper().startswith(prefix))


def distribution_value(name: str, environment: Environment) -> str:
    found = environment.distributions.get(name)
    if found is None:
        return ABSENT
    return NEVER if found.first_party else found.digest


def installed_value(environment: Environment) -> str:
    """All that is installed, as one text."""
    return " ".join(sorted(found.digest for found in environment.distributions.values()))


def tops_of(environment: Environment) -> dict[str, str]:
    """Top-level import name -> the content of what is installed under it; NEVER where that is first-party alone."""
    providers: dict[str, set[Distribution]] = {}
    for owners in environment.owners:
        for path, name in owners.items():
            found = environment.distributions.get(name)
            if found is not None and not path.endswith((".pth", ".dist-info", ".egg-info")):
                top = path.partition("/")[0].partition(".")[0]
                providers.setdefault(top, set()).add(found)
    tops = {top: _content(found) for top, found in providers.items()}
    return dict.fromkeys(environment.working_copies, NEVER) | tops


def _content(providers: set[Distribution]) -> str:
    if all(one.first_party for one in providers):
        return NEVER
    return " ".join(sorted({one.digest for one in providers}))
