"""What happens next with the version that one location asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from reef.decide.cluster.probing import PATIENCE, Fails, Loads, ProbePatience, Waits, trial
from reef.decide.cluster.verdicts import RefusedVersion, Tried
from reef.kube.labels import PROBE_CONTAINER
from reef.kube.seen.state import PodSeen


@dataclass(frozen=True)
class ReleaseSeen:
    """One location. `wanted` is the version that it asks for (see `wanted_version`), `served` the one that is shown.

    `recorded` are versions that loaded and whose answers are kept. `missing` are Secrets and ConfigMaps that it needs
    and that are not there (`Secret sales-token`). `probes` are its probe pods by their version. `asked_again_at` is
    when somebody last asked to try it again. `shown_error` is the error that is served while no version is. With
    `may_probe` and `may_promote` the rollout lets it (`rolling`), `held` says why not. `stuck` says why the version
    does not run where it shall, after that was waited for (`packs.stuck_locations`). `paused`: a person wants it left
    as it is.
    """

    name: str
    wanted: str
    served: str | None = None
    recorded: frozenset[str] = frozenset()
    refused: Mapping[str, RefusedVersion] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    probes: Mapping[str, PodSeen] = field(default_factory=dict)
    tried: Tried | None = None
    load_timeout_s: float = 180.0
    asked_again_at: float | None = None
    shown_error: str | None = None
    may_probe: bool = True
    may_promote: bool = True
    held: str = ""
    stuck: str | None = None
    paused: bool = False


@dataclass(frozen=True)
class StartProbe:
    """Make its probe pod, and the ConfigMap before it."""

    version: str


@dataclass(frozen=True)
class AskProbe:
    """Ask the host in that pod to load the code (`Pack/Probe`), and record what it answers."""

    version: str
    pod: str


@dataclass(frozen=True)
class EndProbe:
    """Delete that pod and its ConfigMap."""

    pod: str


@dataclass(frozen=True)
class Promote:
    """Serve it: it loaded, and its answers are recorded."""

    version: str


@dataclass(frozen=True)
class Refuse:
    """Write down that it is not served, and why."""

    version: str
    refused: RefusedVersion


@dataclass(frozen=True)
class ShowError:
    """Nothing was ever served: Dagster gets to see the error."""

    version: str
    message: str


Action = StartProbe | AskProbe | EndProbe | Promote | Refuse | ShowError
Phase = Literal["served", "under_way", "waiting", "refused", "paused"]


@dataclass(frozen=True)
class Release:
    """What to do, and how things are: `reason` and `message` for the conditions, `look_at` when time alone changes
    something. `awaited`: a version that is promoted once its place runs it. `not_running`: why a version that is served
    does not run where it shall."""

    actions: tuple[Action, ...]
    phase: Phase
    reason: str
    message: str
    look_at: float | None = None
    awaited: str | None = None
    not_running: str | None = None

    @property
    def promoting(self) -> str | None:
        """The version that is about to be served: its place is to run it already."""
        return next((each.version for each in self.actions if isinstance(each, Promote)), self.awaited)


def release(seen: ReleaseSeen, now: float, patience: ProbePatience = PATIENCE) -> Release:
    """One step, and what to say. Everything is done again until it is seen to be done."""
    if seen.paused:
        return _with_ends(seen, _paused(seen))
    if seen.wanted == seen.served:
        told = f"Version {seen.wanted} is served."
        return _with_ends(seen, Release((), "served", "Served", told, not_running=seen.stuck))
    refused = seen.refused.get(seen.wanted)
    if refused and not _due(refused, seen, now):
        return _with_ends(seen, _stays(seen, refused))
    if seen.wanted in seen.recorded:
        return _with_ends(seen, _promote(seen, refused, now))
    if seen.missing:
        return _with_ends(seen, _lacks(seen))
    pod = seen.probes.get(seen.wanted)
    if pod is None:
        return _with_ends(seen, _start(seen), keep=seen.wanted)
    if pod.deleting or (refused and pod.created <= refused.at):
        waiting = Release((), "under_way", "Probing", "The pod in which it was tried before goes.")
        return _with_ends(seen, waiting)
    return _with_ends(seen, _judge(seen, pod, refused, now, patience), keep=seen.wanted)


def _with_ends(seen: ReleaseSeen, found: Release, keep: str | None = None) -> Release:
    ends = tuple(
        EndProbe(pod.name)
        for version, pod in sorted(seen.probes.items())
        if version != keep and not pod.deleting
    )
    return replace(found, actions=(*found.actions, *ends))


def _paused(seen: ReleaseSeen) -> Release:
    """The pods in which versions are tried go too: one that is tried later is tried anew."""
    told = "It is paused, and left as it is."
    if seen.wanted != seen.served:
        told = f"It is paused: version {seen.wanted}, for which it asks, is not tried."
    return Release((), "paused", "Paused", told)


def _promote(seen: ReleaseSeen, refused: RefusedVersion | None, now: float) -> Release:
    """A version that loaded and then does not run gives its place back to the one that is served. Where none is, it
    keeps its place: kubelet goes on trying to start it."""
    if not seen.may_promote:
        return Release((), "waiting", "RolloutWaits", seen.held)
    if seen.stuck and seen.served is not None:
        return _refuse(seen, Fails("NotRunning", seen.stuck), refused, now)
    if seen.stuck:
        return _not_running(seen, seen.stuck)
    told = f"Version {seen.wanted} loads, and is being promoted."
    return Release((Promote(seen.wanted),), "under_way", "Promoting", told)


def _not_running(seen: ReleaseSeen, stuck: str) -> Release:
    """What Dagster is shown has not kubelet's words, which change while it tries again: each change would be shown
    anew."""
    told = (
        f"Version {seen.wanted} was loaded when it was tried, and does not run where it shall. "
        f"`kubectl describe codelocation {seen.name}` says why. It is served as soon as it runs."
    )
    shows = () if seen.shown_error == told else (ShowError(seen.wanted, told),)
    said = f"Version {seen.wanted} was loaded when it was tried. {stuck} It is served as soon as it runs."
    return Release(shows, "under_way", "NotRunning", said, awaited=seen.wanted)


def _due(refused: RefusedVersion, seen: ReleaseSeen, now: float) -> bool:
    if seen.asked_again_at is not None and seen.asked_again_at > refused.at:
        return True
    return refused.again_at is not None and now >= refused.again_at


def _stays(seen: ReleaseSeen, refused: RefusedVersion) -> Release:
    found: tuple[Action, ...] = ()
    if seen.served is None and seen.shown_error != refused.message:
        found = (ShowError(seen.wanted, refused.message),)
    return Release(found, "refused", refused.reason, refused.message, refused.again_at)


def _lacks(seen: ReleaseSeen) -> Release:
    """Its Secret is not waited for in a pod: when it appears, the version is another one."""
    told = (
        f"It needs {', '.join(seen.missing)}, which {'does' if len(seen.missing) == 1 else 'do'} not exist."
    )
    found: tuple[Action, ...] = ()
    if seen.served is None and seen.shown_error != told:
        found = (ShowError(seen.wanted, told),)
    return Release(found, "refused", "Missing", told)


def _start(seen: ReleaseSeen) -> Release:
    if not seen.may_probe:
        return Release((), "waiting", "RolloutWaits", seen.held)
    return Release((StartProbe(seen.wanted),), "under_way", "Probing", f"Version {seen.wanted} is tried.")


def _judge(
    seen: ReleaseSeen, pod: PodSeen, refused: RefusedVersion | None, now: float, patience: ProbePatience
) -> Release:
    if (said := seen.tried) and said.version == seen.wanted and said.at >= pod.created and said.failed:
        return _refuse(seen, Fails("LoadError", said.failed, True), refused, now)
    found = trial(pod, PROBE_CONTAINER, seen.load_timeout_s, now, patience)
    if isinstance(found, Fails):
        return _refuse(seen, found, refused, now)
    if isinstance(found, Waits):
        return Release((), "under_way", found.reason, found.message)
    assert isinstance(found, Loads)
    ends = found.since + seen.load_timeout_s + patience.beyond_loading_s
    told = f"The code of version {seen.wanted} is loaded in the pod {pod.name}."
    return Release((AskProbe(seen.wanted, pod.name),), "under_way", "Loading", told, ends)


def _refuse(seen: ReleaseSeen, why: Fails, before: RefusedVersion | None, now: float) -> Release:
    times = before.times + 1 if before else 1
    refused = RefusedVersion(why.reason, why.message, now, times, why.final)
    return Release((Refuse(seen.wanted, refused),), "refused", why.reason, why.message, refused.again_at)
