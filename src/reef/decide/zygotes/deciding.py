"""Which locations share a zygote, and which get an interpreter of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reef.decide.zygotes.facts import Attribute, Candidate, Catalogue
from reef.decide.zygotes.groups import ZygoteCosts
from reef.decide.zygotes.members import division_of, exec_settings
from reef.decide.zygotes.modules import Modules
from reef.decide.zygotes.plans import Group, environment_of, plan_of
from reef.decide.zygotes.reasons import cannot_fork, does_not_pay
from reef.environments.model import Environment, EnvironmentProblem
from reef.hosting.plan import ZygotePlan


@dataclass(frozen=True)
class Zygotes:
    """`fresh`: location -> why it gets an interpreter of its own, for people."""

    plans: tuple[ZygotePlan, ...]
    fresh: Mapping[str, str]


def decide_zygotes(
    environments: Mapping[str, Environment | EnvironmentProblem],
    locations: Sequence[Candidate],
    catalogue: Catalogue,
    standing: Sequence[ZygotePlan] = (),
    costs: ZygoteCosts | None = None,
) -> Zygotes:
    """The zygotes for these locations. `environments` has every location's `python`. A plan of `standing` is
    kept as it is while it still holds and a new one would not save `costs.rebuild_bytes` more."""
    costs = costs or ZygoteCosts()
    fit, fresh = _sorted_out(environments, locations)
    modules = Modules(catalogue.facts)
    groups = [
        Group(division, mask, bucket)
        for bucket in _buckets(fit, environments)
        for division in [division_of(bucket, environments, modules, costs)]
        for mask in division.divide()
    ]
    chosen = _chosen(groups)
    plans = [plan_of(group, environments, standing, catalogue) for group in chosen]
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


def _buckets(
    locations: Sequence[Candidate], environments: Mapping[str, Environment | EnvironmentProblem]
) -> list[list[Candidate]]:
    """Locations that could share a process at all: the same build, started with the same settings."""
    found: dict[str, list[Candidate]] = {}
    for location in locations:
        environment = environment_of(environments, location.python)
        settings = sorted(exec_settings(location, environment).items())
        found.setdefault(repr((environment.build, environment.customize, settings)), []).append(location)
    return list(found.values())


def _chosen(groups: Sequence[Group]) -> list[Group]:
    """Those that pay; the first zygote need not, it is what makes waking quick at all."""
    paying = [group for group in groups if group.worth > 0]
    if paying or not groups:
        return paying
    return [max(groups, key=lambda group: len(group.locations()))]


def _told(
    group: Group, chosen: Sequence[Group], environments: Mapping[str, Environment | EnvironmentProblem]
) -> dict[str, str]:
    """Why each location of a group without a zygote has none."""
    names = [location.name for location in group.locations()]
    largest = max(chosen, key=lambda other: len(other.locations()))
    theirs, ours = largest.locations()[0], group.locations()[0]
    cost, saving = group.division.cost(group.mask), group.division.saving(group.mask)
    differs = _differences(group, largest)
    settings = (
        exec_settings(ours, environment_of(environments, ours.python)),
        exec_settings(theirs, environment_of(environments, theirs.python)),
    )
    pair = environment_of(environments, ours.python), environment_of(environments, theirs.python)
    return dict.fromkeys(names, does_not_pay(pair, settings, differs, len(names), cost, saving))


def _differences(group: Group, other: Group) -> list[Attribute]:
    """The attributes that keep most modules apart, most of all first."""
    if group.division is not other.division:
        return []
    touched = group.division.modules.touched
    wanted = other.division.wanted(other.mask)
    both = {a for a in group.division.conflicts(group.mask | other.mask) if touched(a) & wanted}
    return sorted(both, key=lambda a: (-(touched(a) & wanted).bit_count(), a))
