"""Small fleets to decide zygotes for; no interpreter is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reef.decide.zygotes import Candidate, Catalogue, ZygoteCosts, Zygotes, decide_zygotes
from reef.environments.model import Distribution, Environment, EnvironmentProblem, Origin
from reef.hosting.plan import WarmedModule, ZygotePlan

DAGSTER = tuple(f"dagster.m{number}" for number in range(1500))
PANDAS = tuple(f"pandas.m{number}" for number in range(800))


def environment(
    place: str,
    *,
    build: str = "3.12",
    names: Mapping[str, str] | None = None,
    origins: Mapping[str, Origin] | None = None,
) -> Environment:
    """An environment in /PLACE that holds distributions `name: content`."""
    names = {"dagster": "1.13"} if names is None else names
    site = f"/{place}/lib/site-packages"
    installed = {
        name: Distribution(name, content, site, f"{name}:{content}", (origins or {}).get(name, "index"))
        for name, content in names.items()
    }
    return Environment(
        python=f"/{place}/bin/python",
        real_python="/base/bin/python",
        version=(3, 12, 1),
        implementation="cpython",
        cache_tag="cpython-312",
        abi_flags="",
        free_threaded=False,
        prefix=f"/{place}",
        exec_prefix=f"/{place}",
        base_prefix="/base",
        base_exec_prefix="/base",
        sys_path=("/base/lib", site),
        site_dirs=(site,),
        stdlib_dirs=("/base/lib",),
        package_dirs=(site,),
        owners=({name: name for name in names},),
        distributions=installed,
        working_copies={},
        pth_files=(),
        pth_imports=(),
        pth_variables=(),
        finders=(),
        customize="",
        build=build,
        fingerprint=f"{place}",
    )


@dataclass
class Fleet:
    """Locations as they are added; `decide()` gives the zygotes."""

    environments: dict[str, Environment | EnvironmentProblem] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=Catalogue)
    candidates: list[Candidate] = field(default_factory=list)

    def add(
        self,
        name: str,
        where: Environment | EnvironmentProblem,
        modules: Iterable[str | WarmedModule] = DAGSTER,
        env: Mapping[str, str] | None = None,
        own: Iterable[str] = (),
    ) -> Fleet:
        self.environments[where.python] = where
        order: tuple[str, ...] = ()
        if isinstance(where, Environment):
            order = self.catalogue.learn(where, [warmed(module, where) for module in modules])
        full = {"PATH": f"{where.python[:-7]}:/usr/bin", "HOME": "/home/x", **(env or {})}
        self.candidates.append(Candidate(name, where.python, full, order, frozenset(own)))
        return self

    def decide(self, standing: Sequence[ZygotePlan] = (), costs: ZygoteCosts | None = None) -> Zygotes:
        return decide_zygotes(self.environments, self.candidates, self.catalogue, standing, costs)


def warmed(module: str | WarmedModule, where: Environment) -> WarmedModule:
    """A module of the distribution that its name begins with; `std.x` is of the standard library."""
    if isinstance(module, WarmedModule):
        return replace(module, file=warmed(module.name, where).file)
    folder = "/base/lib" if module.startswith("std") else where.site_dirs[0]
    return WarmedModule(module, f"{folder}/{module.replace('.', '/')}.py", needs=("std",))
