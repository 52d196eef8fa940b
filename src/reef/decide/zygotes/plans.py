"""The plan of one zygote, for locations that shall share it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reef.decide.zygotes.facts import Candidate, Catalogue, ModuleFact, matching, tops_of
from reef.decide.zygotes.groups import Division
from reef.decide.zygotes.left_out import left_out
from reef.decide.zygotes.members import exec_settings
from reef.environments.model import Environment, EnvironmentProblem
from reef.hosting.plan import Rebase, ZygotePlan

_AROUND = ("HOME", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER")
IMMORTAL_FROM = (3, 12)  # the zygote itself tries it out


@dataclass(frozen=True)
class Group:
    """Locations that share a zygote, or might: a set of members of a division."""

    division: Division
    mask: int
    bucket: Sequence[Candidate]

    def locations(self) -> list[Candidate]:
        names = {name for member in self.division.in_group(self.mask) for name in member.names}
        return [location for location in self.bucket if location.name in names]

    @property
    def worth(self) -> int:
        return self.division.worth(self.mask)


def environment_of(environments: Mapping[str, Environment | EnvironmentProblem], python: str) -> Environment:
    found = environments[python]
    assert isinstance(found, Environment), "sorted out before"
    return found


def plan_of(
    group: Group,
    environments: Mapping[str, Environment | EnvironmentProblem],
    standing: Sequence[ZygotePlan],
    catalogue: Catalogue,
) -> ZygotePlan:
    locations = group.locations()
    kept = _kept(group, locations, environments, standing)
    python = kept.python if kept else _home(locations)
    modules = kept.modules if kept else _in_order(group, locations)
    plan = _made(group, python, modules, locations, environments)
    return replace(
        plan,
        shared=_shared(modules, locations),
        changing=tuple(sorted(n for n, why in catalogue.unfit.items() if why.kind == "changed")),
        left_out=left_out(group.division.modules, locations, catalogue),
    )


def _shared(modules: Sequence[str], locations: Sequence[Candidate]) -> tuple[str, ...]:
    """What the server of each of them loads before its location's own code; where nobody has seen that, what all
    load first."""
    bases = {x.shared for x in locations}
    known = set(_first_of_all([x.modules for x in locations])) if () in bases else _in_all(bases)
    return tuple(name for name in modules if name in known)


def _in_all(lists: Iterable[Sequence[str]]) -> set[str]:
    first, *others = map(set, lists)
    return first.intersection(*others)


def _first_of_all(orders: Sequence[Sequence[str]]) -> list[str]:
    found = []
    for names in zip(*orders, strict=False):
        if len(set(names)) > 1:
            break
        found.append(names[0])
    return found


def _home(locations: Sequence[Candidate]) -> str:
    """The interpreter that most of them have."""
    counts: dict[str, int] = {}
    for location in locations:
        counts[location.python] = counts.get(location.python, 0) + 1
    return min(counts, key=lambda python: (-counts[python], python))


def _in_order(group: Group, locations: Sequence[Candidate]) -> tuple[str, ...]:
    """The order in which the largest load imported them, then that of the others."""
    modules = group.division.modules
    preloaded = set(modules.of(group.division.preloaded(group.mask)))
    orders = dict.fromkeys(location.modules for location in locations)
    longest = sorted(orders, key=lambda order: (-len(preloaded.intersection(order)), order))
    return tuple(dict.fromkeys(name for order in longest for name in order if name in preloaded))


def _kept(
    group: Group,
    locations: Sequence[Candidate],
    environments: Mapping[str, Environment | EnvironmentProblem],
    standing: Sequence[ZygotePlan],
) -> ZygotePlan | None:
    """A standing plan that still holds for the group and is nearly as good as a new one."""
    division, costs = group.division, group.division.costs
    best = division.preloaded(group.mask)
    for plan in standing:
        if not division.modules.facts.keys() >= set(plan.modules):
            continue  # of an environment that has changed: nobody has seen yet what these are now
        mask = division.modules.mask(plan.modules)
        if mask & ~division.allowed(group.mask) or not any(x.python == plan.python for x in locations):
            continue
        missing = (best & ~mask).bit_count() * costs.module_bytes * costs.shared * (len(locations) - 1)
        same = _made(group, plan.python, plan.modules, locations, environments).key == plan.key
        if plan.modules and same and missing < costs.rebuild_bytes:
            return plan
    return None


def _made(
    group: Group,
    python: str,
    modules: tuple[str, ...],
    locations: Sequence[Candidate],
    environments: Mapping[str, Environment | EnvironmentProblem],
) -> ZygotePlan:
    environment = environment_of(environments, python)
    facts = group.division.modules.facts
    first = next(location for location in locations if location.python == python)
    patterns = {pattern for module in modules for pattern in facts[module].env_read}
    read = {name for pattern in patterns for name in matching(pattern, first.env)}
    env = _zygote_env(first, locations, environment, read)
    counting = {k: v for k, v in env.items() if k in read or k not in _AROUND}
    return ZygotePlan(
        key=_key(environment, counting, modules, {facts[m].distribution for m in modules}),
        python=python,
        env=env,
        modules=modules,
        locations=tuple(location.name for location in locations),
        never=_never(group, modules, environment),
        site_dirs=environment.site_dirs,
        distributions=_renamed(modules, facts),
        fingerprint=environment.fingerprint,
        immortal=environment.version[:2] >= IMMORTAL_FROM,
        rebase={x.name: _rebase(environment, environments, x) for x in locations if x.python != python},
    )


def _renamed(modules: Sequence[str], facts: Mapping[str, ModuleFact]) -> dict[str, str]:
    """Top-level names whose distribution has another."""
    owners = {module.partition(".")[0]: facts[module].distribution for module in modules}
    return {top: owner for top, owner in owners.items() if owner and owner != top}


def _zygote_env(
    first: Candidate, locations: Sequence[Candidate], environment: Environment, read: set[str]
) -> dict[str, str]:
    """Nothing that a location may keep secret: what counts at exec, what the modules read, and where we are."""
    around = {k for k in _AROUND if k == "PATH" or len({x.env.get(k) for x in locations}) == 1}
    names = sorted((read | around).intersection(first.env))
    return exec_settings(first, environment) | {name: first.env[name] for name in names}


def _key(
    environment: Environment, env: Mapping[str, str], modules: Sequence[str], distributions: set[str]
) -> str:
    made_of = {
        "python": environment.python,
        "build": environment.build,
        "start": [environment.prefix, environment.customize, *environment.pth_imports],
        "env": dict(sorted(env.items())),
        "modules": list(modules),
        "distributions": {n: environment.distributions[n].digest for n in sorted(distributions) if n},
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:24]


def _never(group: Group, modules: Sequence[str], environment: Environment) -> tuple[str, ...]:
    """What must not come along with the modules: what the group does not share, and what its members shadow."""
    division = group.division
    known = division.modules
    blocked = set(known.of(known.all & ~division.allowed(group.mask)))
    tops = tops_of(environment)
    for kind, name in division.conflicts(group.mask):
        if (kind == "own" and name) or (kind == "import" and name in tops):
            blocked.add(name)
    return tuple(sorted(blocked.difference(modules)))


def _rebase(
    home: Environment,
    environments: Mapping[str, Environment | EnvironmentProblem],
    candidate: Candidate,
) -> Rebase:
    own = environment_of(environments, candidate.python)
    return Rebase(
        prefix=own.prefix,
        exec_prefix=own.exec_prefix,
        base_prefix=own.base_prefix,
        base_exec_prefix=own.base_exec_prefix,
        sys_path=own.sys_path,
        site_dirs=own.site_dirs,
        pth_imports=own.pth_imports,
        drop_finders=home.finders,
    )
