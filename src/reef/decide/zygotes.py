"""Which zygotes there shall be. Pure: environments, what loads were seen to import → plans and reasons.

A zygote serves every location for which each module that it has preloaded would have loaded the same:
the distribution byte for byte, the variables read on import, what the module looked for besides, and nothing
of the location's own in its place. Each zygote but the first must save more memory than it takes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reef.decide.zygote_facts import Attribute, Candidate, Catalogue, ModuleFact, matching, tops_of
from reef.decide.zygote_groups import Costs, Division, Modules
from reef.decide.zygote_left_out import left_out
from reef.decide.zygote_members import division_of, exec_settings
from reef.decide.zygote_reasons import cannot_fork, does_not_pay
from reef.environments.model import Environment, EnvironmentProblem
from reef.hosting.plan import Rebase, ZygotePlan

__all__ = ["Candidate", "Catalogue", "Costs", "Zygotes", "decide_zygotes"]

_AROUND = ("HOME", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER")


@dataclass(frozen=True)
class Zygotes:
    """`fresh`: location -> why it gets an interpreter of its own, for people."""

    plans: tuple[ZygotePlan, ...]
    fresh: Mapping[str, str]


@dataclass(frozen=True)
class _Group:
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


def decide_zygotes(
    environments: Mapping[str, Environment | EnvironmentProblem],
    locations: Sequence[Candidate],
    catalogue: Catalogue,
    standing: Sequence[ZygotePlan] = (),
    costs: Costs | None = None,
) -> Zygotes:
    """The zygotes for these locations. `environments` has every location's `python`. A plan of `standing` is
    kept as it is while it still holds and a new one would not save `costs.rebuild_bytes` more."""
    costs = costs or Costs()
    fit, fresh = _sorted_out(environments, locations)
    modules = Modules(catalogue.facts)
    groups = [
        _Group(division, mask, bucket)
        for bucket in _buckets(fit, environments)
        for division in [division_of(bucket, environments, modules, costs)]
        for mask in division.divide()
    ]
    chosen = _chosen(groups)
    plans = [_plan(group, environments, standing, catalogue) for group in chosen]
    for group in groups:
        if group not in chosen:
            fresh |= _told(group, chosen, environments)
    order = {location.name: number for number, location in enumerate(locations)}
    return Zygotes(tuple(sorted(plans, key=lambda p: order[p.locations[0]])), fresh)


def _sorted_out(
    environments: Mapping[str, Environment | EnvironmentProblem], locations: Sequence[Candidate]
) -> tuple[list[Candidate], dict[str, str]]:
    reasons = {location.name: cannot_fork(environments[location.python]) for location in locations}
    fit = [location for location in locations if reasons[location.name] is None]
    return fit, {name: reason for name, reason in reasons.items() if reason is not None}


def _environment(environments: Mapping[str, Environment | EnvironmentProblem], python: str) -> Environment:
    found = environments[python]
    assert isinstance(found, Environment), "sorted out before"
    return found


def _buckets(
    locations: Sequence[Candidate], environments: Mapping[str, Environment | EnvironmentProblem]
) -> list[list[Candidate]]:
    """Locations that could share a process at all: the same build, started with the same settings."""
    found: dict[str, list[Candidate]] = {}
    for location in locations:
        environment = _environment(environments, location.python)
        settings = sorted(exec_settings(location, environment).items())
        found.setdefault(repr((environment.build, environment.customize, settings)), []).append(location)
    return list(found.values())


def _chosen(groups: Sequence[_Group]) -> list[_Group]:
    """Those that pay; the first zygote need not, it is what makes waking quick at all."""
    paying = [group for group in groups if group.worth > 0]
    if paying or not groups:
        return paying
    return [max(groups, key=lambda group: len(group.locations()))]


def _told(
    group: _Group, chosen: Sequence[_Group], environments: Mapping[str, Environment | EnvironmentProblem]
) -> dict[str, str]:
    """Why each location of a group without a zygote has none."""
    names = [location.name for location in group.locations()]
    largest = max(chosen, key=lambda other: len(other.locations()))
    theirs, ours = largest.locations()[0], group.locations()[0]
    cost, saving = group.division.cost(group.mask), group.division.saving(group.mask)
    differs = _differences(group, largest)
    settings = (
        exec_settings(ours, _environment(environments, ours.python)),
        exec_settings(theirs, _environment(environments, theirs.python)),
    )
    pair = _environment(environments, ours.python), _environment(environments, theirs.python)
    return dict.fromkeys(names, does_not_pay(pair, settings, differs, len(names), cost, saving))


def _differences(group: _Group, other: _Group) -> list[Attribute]:
    """The attributes that keep most modules apart, most of all first."""
    if group.division is not other.division:
        return []
    touched = group.division.modules.touched
    wanted = other.division.wanted(other.mask)
    both = {a for a in group.division.conflicts(group.mask | other.mask) if touched(a) & wanted}
    return sorted(both, key=lambda a: (-(touched(a) & wanted).bit_count(), a))


def _plan(
    group: _Group,
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
        shared=_shared(modules, locations, catalogue),
        changing=tuple(sorted(n for n, why in catalogue.unfit.items() if why.kind == "changed")),
        left_out=left_out(group.division.modules, locations, catalogue),
    )


def _shared(modules: Sequence[str], locations: Sequence[Candidate], catalogue: Catalogue) -> tuple[str, ...]:
    """What every server loads before its location's own code; where nobody has seen that, what all load first."""
    known = catalogue.shared or set(_first_of_all([x.modules for x in locations]))
    return tuple(name for name in modules if name in known)


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


def _in_order(group: _Group, locations: Sequence[Candidate]) -> tuple[str, ...]:
    """The order in which the largest load imported them, then that of the others."""
    modules = group.division.modules
    preloaded = set(modules.of(group.division.preloaded(group.mask)))
    orders = dict.fromkeys(location.modules for location in locations)
    longest = sorted(orders, key=lambda order: (-len(preloaded.intersection(order)), order))
    return tuple(dict.fromkeys(name for order in longest for name in order if name in preloaded))


def _kept(
    group: _Group,
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
    group: _Group,
    python: str,
    modules: tuple[str, ...],
    locations: Sequence[Candidate],
    environments: Mapping[str, Environment | EnvironmentProblem],
) -> ZygotePlan:
    environment = _environment(environments, python)
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


def _never(group: _Group, modules: Sequence[str], environment: Environment) -> tuple[str, ...]:
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
    location: Candidate,
) -> Rebase:
    own = _environment(environments, location.python)
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
