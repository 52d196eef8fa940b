"""Whose a location's name is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """A CodeLocation and the name in Dagster that it asks for. `created` is unix seconds, `deleting` says that it is on
    its way out: it keeps its name until it is gone."""

    name: str
    uid: str
    location_name: str
    created: float
    deleting: bool = False


def owners(claims: Iterable[Claim]) -> Mapping[str, Claim]:
    """CodeLocation -> who has its name: itself, or the older one with which it is in conflict. One namespace."""
    first: dict[str, Claim] = {}
    all_of_them = sorted(claims, key=lambda each: (each.created, each.uid))
    for each in all_of_them:
        first.setdefault(each.location_name, each)
    return {each.name: first[each.location_name] for each in all_of_them}


def conflict(mine: Claim, owner: Claim) -> str | None:
    """What to say of a location that has not got its name; None where it has."""
    if mine.uid == owner.uid:
        return None
    return (
        f"The name {mine.location_name!r} belongs to the CodeLocation {owner.name}, which is older: give this one "
        "another spec.location_name, or delete that one."
    )
