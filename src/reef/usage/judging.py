"""One location, judged: what it used beside what is set, and what is proposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from reef.decide.sizing.proposal import Figure, Has, Proposal
from reef.decide.sizing.proposing import proposal
from reef.decide.sizing.stretches import Spread
from reef.decide.sizing.used import Used, Watch, used
from reef.usage.recorded import Seen

Source = Literal["history", "prometheus"]


@dataclass(frozen=True)
class Judged:
    """`here` is proposed for a server of this host, whose limit counts its own memory; `pod` for a container of its
    own. They are the same where the figures come from a Prometheus."""

    name: str
    source: Source
    has: Has
    seen: Seen
    window: Used
    here: Proposal
    pod: Proposal

    def to_json(self) -> dict[str, Any]:
        """Bytes, cores, seconds, unix seconds; null where nothing is known."""
        return {
            "location": self.name,
            "source": self.source,
            "window": _window(self.window.watch),
            "used": _used(self.window),
            "set": {
                "memory_request_bytes": self.has.memory_request,
                "memory_limit_bytes": self.has.memory_limit,
                "cpu_request_cores": self.has.cpu_request,
                "cpu_limit_cores": self.has.cpu_limit,
                "placement": self.has.placement,
            },
            "proposal": _proposal(self.here),
            "pod_proposal": _proposal(self.pod),
        }


def judged(
    name: str,
    seen: Seen,
    has: Has,
    since: float,
    *,
    source: Source = "history",
    window_watch: Watch | None = None,
    pod_has: Has | None = None,
) -> Judged:
    """`seen` is all that is recorded, `since` where the window begins; `window_watch` what was watched from there on.
    `has` is what is set for a server here, `pod_has` for a container of its own."""
    ever, window = both(seen, since, window_watch)
    return judged_of(name, seen, has, window, ever, source=source, pod_has=pod_has)


def both(seen: Seen, since: float, window_watch: Watch | None) -> tuple[Used, Used]:
    """What was ever used, and what of it in the window."""
    ever = used(seen.stretches, seen.watch)
    inside = [each for each in seen.stretches if each.start >= since]
    return ever, ever if since <= seen.watch.first else used(inside, window_watch or seen.watch)


def judged_of(
    name: str,
    seen: Seen,
    has: Has,
    window: Used,
    ever: Used,
    *,
    source: Source = "history",
    pod_has: Has | None = None,
) -> Judged:
    """The same, where what was used is known already; `seen` may then be of no stretches."""
    calls_known = source == "history"
    pod_has = pod_has or Has(placement=has.placement)
    pod = proposal(window, ever, pod_has, "whole", calls_known=calls_known)
    here = proposal(window, ever, has, "own", calls_known=True) if calls_known else pod
    return Judged(name, source, has, seen, window, here, pod)


def _window(watch: Watch) -> dict[str, Any]:
    return {
        "since": watch.first or None,
        "until": watch.last or None,
        "watched_s": watch.seconds,
        "days": len(watch.days),
        "weekdays": watch.weekdays,
    }


def _used(found: Used) -> dict[str, Any]:
    return {
        "awake_s": found.awake_s,
        "busy_s": found.busy_s,
        "wakes": found.wakes,
        "probes": found.probes,
        "calls": found.calls,
        "killed": found.kills,
        "own_bytes": _spread(found.own),
        "whole_bytes": _spread(found.whole),
        "pss_bytes": found.pss or None,
        "peak_at": found.peak_at or None,
        "cpu_cores": _spread(found.cpu),
        "cpu_s": round(found.cpu_s, 3),
    }


def _spread(found: Spread) -> dict[str, float] | None:
    return {"p50": found.p50, "p95": found.p95, "peak": found.peak} if found.peak else None


def _proposal(found: Proposal) -> dict[str, Any]:
    return {
        "memory_request_bytes": _figure(found.memory_request),
        "memory_limit_bytes": _figure(found.memory_limit),
        "cpu_request_cores": _figure(found.cpu_request),
        "placement": _figure(found.placement),
        "none_because": found.none_because,
    }


def _figure(found: Figure) -> dict[str, Any]:
    return {"value": found.value, "why": found.why}
