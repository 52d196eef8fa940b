"""Locations that could share a process, reduced to where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reef.decide.zygotes.facts import (
    ABSENT,
    NEVER,
    Attribute,
    Candidate,
    distribution_value,
    installed_value,
    tops_of,
    variable_value,
)
from reef.decide.zygotes.groups import Division, Member, ZygoteCosts
from reef.decide.zygotes.modules import Modules
from reef.environments.model import Environment, EnvironmentProblem
from reef.hosting import exec_only

_THREADS = ("OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "BLIS_", "VECLIB_", "GOTO_")
Values = tuple[str, ...]
Kind = tuple[str, Values, frozenset[str], int | None, int]
"""What tells members apart: environment, values of variables, own names that count, modules loaded, those of them
that every server loads."""


def exec_settings(candidate: Candidate, environment: Environment) -> dict[str, str]:
    """The variables that count when a program is started, and those that its start-up files read."""
    found = exec_only.of(dict(candidate.env))
    found |= {k: v for k, v in candidate.env.items() if v and k.startswith(_THREADS)}
    return found | {k: candidate.env[k] for k in environment.pth_variables if k in candidate.env}


def division_of(
    bucket: Sequence[Candidate],
    environments: Mapping[str, Environment | EnvironmentProblem],
    modules: Modules,
    costs: ZygoteCosts,
) -> Division:
    """The members of a bucket and the attributes in which they differ."""
    variables, tops = modules.of_kind("variable"), frozenset(modules.of_kind("own"))
    installed = {python: _installed(environments[python], modules) for python in {x.python for x in bucket}}
    alike = {values: python for python, values in sorted(installed.items(), reverse=True)}
    masks = {names: modules.mask(names) if names else None for names in {x.modules for x in bucket}}
    bases = {names: modules.mask(names) for names in {x.shared for x in bucket}}
    kinds: dict[Kind, list[str]] = {}
    for x in bucket:
        values = tuple(variable_value(name, x.env) for name in variables)
        kind = (alike[installed[x.python]], values, x.own_names & tops, masks[x.modules], bases[x.shared])
        kinds.setdefault(kind, []).append(x.name)
    members = [Member(tuple(names), kind[3], kind[4]) for kind, names in kinds.items()]
    columns = _columns(list(kinds), variables, modules, installed)
    return Division(members, _classes(columns), modules, costs)


def _attributes(modules: Modules) -> list[Attribute]:
    return [
        (kind, name) for kind in ("distribution", "import", "environment") for name in modules.of_kind(kind)
    ]


def _installed(environment: Environment | EnvironmentProblem, modules: Modules) -> Values:
    """What an environment has of everything that preloadable modules belong to or look for."""
    assert isinstance(environment, Environment), "sorted out before"
    tops = tops_of(environment)
    return tuple(_has(attribute, environment, tops) for attribute in _attributes(modules))


def _has(attribute: Attribute, environment: Environment, tops: Mapping[str, str]) -> str:
    kind, name = attribute
    if kind == "distribution":
        return distribution_value(name, environment)
    return tops.get(name, "") if kind == "import" else installed_value(environment)


def _columns(
    kinds: Sequence[Kind], variables: Sequence[str], modules: Modules, installed: Mapping[str, Values]
) -> Iterator[tuple[Attribute, Sequence[str]]]:
    """Each attribute with its value for every member."""
    for number, name in enumerate(variables):
        yield ("variable", name), [kind[1][number] for kind in kinds]
    for number, attribute in enumerate(_attributes(modules)):
        yield attribute, [installed[kind[0]][number] for kind in kinds]
    for name in modules.of_kind("unfit"):
        yield ("unfit", name), [NEVER] * len(kinds)
    for name in sorted({name for kind in kinds for name in kind[2]}):
        yield ("own", name), [NEVER if name in kind[2] else "" for kind in kinds]


def _classes(columns: Iterator[tuple[Attribute, Sequence[str]]]) -> dict[Attribute, dict[str, int]]:
    found = {}
    for attribute, column in columns:
        if len(set(column)) > 1 or not {NEVER, ABSENT}.isdisjoint(column):
            values: dict[str, int] = {}
            for number, value in enumerate(column):
                values[value] = values.get(value, 0) | 1 << number
            found[attribute] = values
    return found
