"""Why a location has no zygote, in words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reef.decide.zygotes.facts import Attribute
from reef.environments.model import Environment, EnvironmentProblem
from reef.words import count

MOST_TOLD = 3
Pair = tuple[Environment, Environment]


def cannot_fork(environment: Environment | EnvironmentProblem) -> str | None:
    """Why nothing of this environment can be forked at all, or None."""
    if isinstance(environment, EnvironmentProblem):
        return environment.reason
    if environment.implementation != "cpython":
        return f"{environment.implementation} {environment.version_text}: only CPython can be forked"
    if environment.free_threaded:
        return f"Python {environment.version_text} is a free-threaded build, which is not forked"
    return None


def does_not_pay(
    pair: Pair,
    settings: tuple[Mapping[str, str], Mapping[str, str]],
    differs: Sequence[Attribute],
    locations: int,
    cost: int,
    saving: int,
) -> str:
    """`pair`: the environments of this location and of the largest group; `settings`: what counts at exec."""
    who = "it alone" if locations == 1 else f"these {count(locations, 'location')}"
    why = _difference(pair, settings, differs)
    return f"{why}; a zygote for {who} would take {cost >> 20} MB and save {saving >> 20} MB"


def _difference(
    pair: Pair, settings: tuple[Mapping[str, str], Mapping[str, str]], differs: Sequence[Attribute]
) -> str:
    ours, theirs = pair
    if ours.build != theirs.build:
        same = ours.version == theirs.version
        return (
            f"Python {ours.version_text}, {'another build' if same else f'others have {theirs.version_text}'}"
        )
    names = [n for n in settings[0].keys() | settings[1].keys() if settings[0].get(n) != settings[1].get(n)]
    if names:
        return (
            f"{', '.join(sorted(names))} differs from the others', and counts only when a program is started"
        )
    if ours.customize != theirs.customize:
        return "its sitecustomize differs from the others'"
    certain = [a for a in differs if a[0] not in ("import", "environment")] or differs
    told = list(dict.fromkeys(_told(a, pair) for a in certain))[:MOST_TOLD]
    return "; ".join(told) or "it shares too little with the others"


def _told(attribute: Attribute, pair: Pair) -> str:
    kind, name = attribute
    if kind == "own":
        return f"its own module {name!r} hides the installed one"
    if kind == "variable":
        return f"{name}, which is read on import, differs from the others'"
    if kind == "distribution":
        return _versions(name, pair)
    if kind == "environment":
        return "other distributions are installed there"
    return f"{name!r}, which preloaded modules look for, is not the same there"


def _versions(name: str, pair: Pair) -> str:
    ours, theirs = (environment.distributions.get(name) for environment in pair)
    if ours is None or theirs is None:
        return (
            f"{name} is not installed" if ours is None else f"{name} {ours.version} is installed there only"
        )
    if ours.first_party:
        return f"{name} is a working copy there"
    if ours.version == theirs.version:
        return f"{name} {ours.version} has other files there"
    return f"{name} {ours.version}, others have {theirs.version}"
