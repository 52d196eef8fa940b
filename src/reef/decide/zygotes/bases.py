"""For which environments the load of a server in one of them speaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reef.decide.zygotes.facts import tops_of
from reef.environments.model import Environment
from reef.hosting.plan import WarmedModule

_SERVER = ("dagster", "dagster-shared", "grpcio", "protobuf")


@dataclass(frozen=True)
class Base:
    """What a server without a location's code loaded in `environment`; nothing where that was not to be seen.
    `present` and `absent`: top-level names that these modules looked for, and which were there or not."""

    environment: Environment
    modules: tuple[WarmedModule, ...]
    present: frozenset[str]
    absent: frozenset[str]

    def speaks_for(self, environment: Environment, tops: frozenset[str]) -> bool:
        """Whether a server loads the same modules there: the same Dagster, and of all that it looks for the same is
        installed. `tops`: what is installed there, as `tops_in` says."""
        if server_of(environment) != server_of(self.environment):
            return False
        return self.present <= tops and self.absent.isdisjoint(tops)


def base_of(environment: Environment, modules: Iterable[WarmedModule]) -> Base:
    modules = tuple(modules)
    names = {name for one in modules for name in (one.name, *one.needs)}
    looked_for = frozenset(name.partition(".")[0] for name in names)
    tops = tops_in(environment)
    return Base(environment, modules, looked_for & tops, looked_for - tops)


def tops_in(environment: Environment) -> frozenset[str]:
    """The top-level import names of what is installed."""
    return frozenset(tops_of(environment))


def server_of(environment: Environment) -> str:
    """Of which build of Python and which Dagster a server there is."""
    found = environment.distributions
    return "\0".join([environment.build, *(found[name].digest for name in _SERVER if name in found)])
