"""Which version of each location is tried, promoted or refused now. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reef.controller.asked import Asked
from reef.controller.wishes import wish_of
from reef.decide.cluster.releasing import Release, ReleaseSeen, release
from reef.decide.cluster.rolling import Changing, Rollout, RolloutBounds, Standing, admitted, rollout_of
from reef.decide.cluster.verdicts import RefusedVersion, Tried
from reef.decide.placements.keys import container_of
from reef.decide.waves import WaveFacts, waves
from reef.fleet.model import DeploySpec
from reef.kube import labels
from reef.kube.objects.pack_config_map import load_timeout_s
from reef.kube.seen.state import PodSeen


@dataclass(frozen=True)
class Rules:
    """How changes roll out."""

    bounds: RolloutBounds = field(default_factory=RolloutBounds)
    deploy: DeploySpec = field(default_factory=DeploySpec)


@dataclass(frozen=True)
class Versions:
    """What to do for each location, and the rollout that is under way."""

    releases: Mapping[str, Release]
    rollout: Rollout | None


def versions(
    fleet: Sequence[Asked],
    pods: Sequence[PodSeen],
    tried: Mapping[str, Tried],
    before: Rollout | None,
    rules: Rules,
    now: float,
    stuck: Mapping[tuple[str, str], str] | None = None,
) -> Versions:
    """One step for all. A location that was never served has nothing to lose: it waits for nobody's wave. `stuck`:
    location and version -> why it does not run where it shall (`places.stuck_versions`)."""
    ours = [each for each in fleet if not each.external]
    probes = _probes(pods)
    changing = [_changing(each, probes.get(each.name, {}), now) for each in ours if _takes_part(each, before)]
    split = waves([each.facts for each in changing], rules.deploy)
    rollout = rollout_of(before, changing, split, now, rules.bounds)
    first = [
        _changing(each, probes.get(each.name, {}), now)
        for each in ours
        if _is_new(each) and not each.known.paused
    ]
    allowed = admitted(rollout, changing, now, rules.bounds)
    new = admitted(None, [*first, *[each for each in changing if each.probing]], now, rules.bounds)
    releases = {}
    for each in ours:
        mine = new if _is_new(each) else allowed
        held = mine.why.get(each.name, "It waits for its turn.")
        releases[each.name] = release(
            replace(
                _seen(each, probes.get(each.name, {}), tried, mine.probe, mine.promote, held),
                stuck=(stuck or {}).get((each.name, each.version)),
            ),
            now,
        )
    return Versions(releases, rollout)


def _is_new(each: Asked) -> bool:
    return each.book.version is None


def _takes_part(each: Asked, rollout: Rollout | None) -> bool:
    if _is_new(each) or each.known.paused:
        return False
    return each.book.version != each.version or (rollout is not None and each.name in rollout.wanted)


def _changing(each: Asked, probes: Mapping[str, PodSeen], now: float) -> Changing:
    kept = each.book.kept.get(each.version)
    standing: Standing = "changing"
    if each.book.version == each.version:
        standing = "promoted"
    elif kept is not None:
        standing = "loads"
    elif (refused := each.book.refused.get(each.version)) is not None and not _again(each, refused, now):
        standing = "refused"
    known = kept or each.book.kept.get(each.book.version or "")
    size = len(known.definitions) if known else 0
    facts = WaveFacts(
        each.name, each.location.spec.owner or None, size, (known.private_bytes or 0) if known else 0
    )
    alike = container_of(wish_of(each.location, each.name))
    return Changing(facts, each.version, standing, each.version in probes, alike)


def _again(each: Asked, refused: RefusedVersion, now: float) -> bool:
    """Whether it is tried again: somebody has asked for it, or it is time."""
    asked_at = each.known.try_again_at
    due = refused.again_at is not None and now >= refused.again_at
    return due or (asked_at is not None and asked_at > refused.at)


def _seen(
    each: Asked,
    probes: Mapping[str, PodSeen],
    tried: Mapping[str, Tried],
    probe: frozenset[str],
    promote: frozenset[str],
    held: str,
) -> ReleaseSeen:
    book = each.book
    return ReleaseSeen(
        name=each.name,
        wanted=each.version,
        served=book.version,
        recorded=frozenset(book.kept),
        refused=book.refused,
        missing=each.missing,
        probes=probes,
        tried=tried.get(each.name),
        load_timeout_s=load_timeout_s(each.location),
        asked_again_at=each.known.try_again_at,
        shown_error=book.shown_error,
        may_probe=each.name in probe,
        may_promote=each.name in promote,
        held=held,
        paused=each.known.paused,
    )


def _probes(pods: Sequence[PodSeen]) -> dict[str, dict[str, PodSeen]]:
    found: dict[str, dict[str, PodSeen]] = {}
    for pod in pods:
        if pod.labels.get(labels.COMPONENT) == "probe":
            name, version = pod.labels.get(labels.LOCATION, ""), pod.labels.get(labels.VERSION, "")
            found.setdefault(name, {})[version] = pod
    return found
