"""What a start says of locations that do not load: once for each cause, whoever shares it. Many locations may have the
same interpreter, or lack the same variable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reef.locations.place import CodeLocation
from reef.words import count, headline, shortened

MOST_NAMED = 10
MOST_SHARING = 3
MOST_CHARACTERS = 200


def broken_lines(broken: Iterable[CodeLocation]) -> list[str]:
    """One for each cause."""
    causes: dict[tuple[str, str], list[CodeLocation]] = {}
    for place in broken:
        cause = _reason(place).replace(repr(place.name), "it")
        causes.setdefault((_verdict(place), cause), []).append(place)
    lines = [told(places) for places in causes.values()]
    left = sum(map(len, list(causes.values())[MOST_NAMED:]))
    return lines[:MOST_NAMED] + ([f"and {left} more that do not load: see `reef status`"] if left else [])


def told(places: Sequence[CodeLocation]) -> str:
    """Of locations with one cause."""
    verdict, reason = _verdict(places[0]), _reason(places[0])
    if len(places) == 1:
        return f"{places[0].name} {verdict}: {reason}"
    names = [place.name for place in places]
    more = ", ..." if len(names) > MOST_SHARING else ""
    verdict = verdict.replace("does not", "do not", 1)
    return f"{count(len(names), 'location')} {verdict}: {reason} ({', '.join(names[:MOST_SHARING])}{more})"


def _verdict(place: CodeLocation) -> str:
    """What an earlier host recorded is tried again once this one has started."""
    if place.release.probes or place.wish.unusable is not None:
        return "does not load"
    return "did not load at the last start and will be tried again"


def _reason(place: CodeLocation) -> str:
    return shortened(headline(place.release.load_error) or "no reason known", MOST_CHARACTERS)
