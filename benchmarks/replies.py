"""Judging the replies of a rollout: which failed, and which were of a version that was not current. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FORWARDED = ("tick", "plan")
VERSIONED = ("tick", "plan", "repository")


@dataclass(frozen=True)
class Rollout:
    """Seconds of one clock: when the new file was about to be saved, and when its deploy was over."""

    version: int
    saved: float
    over: float


def failures(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"{call['location']} {call['kind']}: {call['error']}" for call in calls if call["error"]]


def wrong(
    calls: Sequence[Mapping[str, Any]], rollouts: Sequence[Rollout], mark: str = "library"
) -> list[str]:
    """Replies without a version or with two, of a version that cannot have been current between sending and
    receiving, or older than what the same location had answered before the call was sent."""
    found = []
    newest: dict[str, list[tuple[float, int]]] = {}
    answered = [call for call in calls if not call["error"] and call["kind"] in VERSIONED]
    for call in answered:
        versions = call["marks"].get(mark, [])
        if len(versions) != 1:
            found.append(f"{call['location']} {call['kind']}: versions {versions}")
            continue
        if (why := _not_current(versions[0], call, rollouts)) is not None:
            found.append(f"{call['location']} {call['kind']}: {why}")
        newest.setdefault(call["location"], []).append((call["received"], versions[0]))
    seen = {location: sorted(times) for location, times in newest.items()}
    found += [
        f"{call['location']} {call['kind']}: {call['marks'][mark][0]} after a newer one"
        for call in answered
        if len(call["marks"].get(mark, [])) == 1
        and call["marks"][mark][0] < _newest_before(seen[call["location"]], call["sent"])
    ]
    return found


def _not_current(version: int, call: Mapping[str, Any], rollouts: Sequence[Rollout]) -> str | None:
    for rollout in rollouts:
        if rollout.version == version and call["received"] < rollout.saved:
            return f"{version} before it was saved"
        if rollout.version == version + 1 and call["sent"] > rollout.over:
            return f"{version} after {version + 1} was promoted"
    return None


def _newest_before(seen: Sequence[tuple[float, int]], moment: float) -> int:
    """`seen` by time."""
    newest = 0
    for received, version in seen:
        if received >= moment:
            break
        newest = max(newest, version)
    return newest


def during(calls: Iterable[Mapping[str, Any]], rollouts: Sequence[Rollout]) -> list[Mapping[str, Any]]:
    """Those that were sent while a rollout was under way."""
    return [call for call in calls if any(one.saved <= call["sent"] <= one.over for one in rollouts)]


def counts(calls: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """(calls, forwarded ones)."""
    return len(calls), sum(call["kind"] in FORWARDED for call in calls)


def unforwarded(calls: Sequence[Mapping[str, Any]], locations: Iterable[str]) -> list[str]:
    """Locations to which no forwarded call went."""
    met = {call["location"] for call in calls if call["kind"] in FORWARDED}
    return [name for name in locations if name not in met]
