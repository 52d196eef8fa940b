"""What was seen of a namespace in one look, and what of it concerns one location. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reef.cluster.kinds import Document
from reef.kube import labels
from reef.kube.seen.state import PodSeen
from reef.metrics import of_locations
from reef.remote.rows import phase
from reef.viewing.samples import Sample

OWN = "location"  # the component of a location's own pods
NO_SAMPLES: Mapping[str, Sequence[Sample]] = {}


@dataclass(frozen=True)
class Look:
    """`said` is what the process of a pod answered, by the pod's name and by location. `taken` are bytes of memory of
    pods and `cores` the processors that they use, where somebody measures them. `trouble` is why something of it is
    missing, for people."""

    at: float
    locations: Sequence[Document]
    pods: Sequence[PodSeen]
    said: Mapping[str, Mapping[str, Sequence[Sample]]]
    taken: Mapping[str, int] = field(default_factory=dict)
    cores: Mapping[str, float] = field(default_factory=dict)
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServerSeen:
    """What serves one location now. Bytes; `measured` says whether anybody knows them. `where` is for people."""

    state: str
    private: int = 0
    pss: int = 0
    resident: int = 0
    peak: int = 0
    measured: bool = False
    cores: float = 0.0  # that are used now, where it does not count its processor time itself
    limit: int | None = None
    draining: int = 0
    woken_at: float = 0.0
    where: str = ""

    @property
    def is_up(self) -> bool:
        return self.state in ("warm", "draining")


class Around:
    """One look, by location."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._packs: dict[str, list[PodSeen]] = {}
        self._own: dict[str, list[PodSeen]] = {}
        for pod in look.pods:
            if pod.phase in ("Succeeded", "Failed"):
                continue
            if pack := pod.labels.get(labels.PACK):
                self._packs.setdefault(pack, []).append(pod)
            elif pod.labels.get(labels.COMPONENT) == OWN and (name := pod.labels.get(labels.LOCATION)):
                self._own.setdefault(name, []).append(pod)

    def server(self, location: Document) -> ServerSeen:
        name = location["metadata"]["name"]
        serving = (location.get("status") or {}).get("serving") or {}
        if target := serving.get("target"):
            return ServerSeen("warm", where=f"somebody else's server, {target}")
        if pack := serving.get("pack"):
            return self._packed(name, self._packs.get(pack, ()))
        if serving.get("deployment"):
            return self._in_own_pods(self._own.get(name, ()))
        return ServerSeen(_before(location))

    def _packed(self, name: str, pods: Iterable[PodSeen]) -> ServerSeen:
        """A pack whose host does not answer is about to: what its servers do meanwhile nobody knows."""
        found = [
            _of_pack(said[name], pod.name)
            for pod in pods
            if name in (said := self._look.said.get(pod.name, NO_SAMPLES))
        ]
        return max(
            found,
            key=lambda each: each.is_up,
            default=ServerSeen("waking", where="a pack that is not up yet"),
        )

    def _in_own_pods(self, pods: Sequence[PodSeen]) -> ServerSeen:
        if not pods:
            return ServerSeen("asleep")
        first = max(pods, key=lambda pod: (_is_ready(pod), -pod.created))
        known = [pod.name for pod in pods if pod.name in self._look.taken]
        taken = sum(self._look.taken[pod] for pod in known)
        since = [each.since for each in first.containers.values() if each.since]
        return ServerSeen(
            "draining" if first.deleting else "warm" if _is_ready(first) else "waking",
            taken,
            taken,
            taken,
            measured=bool(known),
            cores=sum(self._look.cores.get(pod, 0.0) for pod in known),
            woken_at=max(since, default=0.0),
            where=f"pod {first.name}" + (f" and {len(pods) - 1} more" if len(pods) > 1 else ""),
        )


def _is_ready(pod: PodSeen) -> bool:
    return not pod.deleting and bool(pod.containers) and all(each.ready for each in pod.containers.values())


def _of_pack(found: Sequence[Sample], pod: str) -> ServerSeen:
    value = {one.metric: one.value for one in found if not one.by}
    state = next((one.by[0] for one in found if one.metric == of_locations.STATE.name), "asleep")

    def whole(metric: str) -> int:
        return int(value.get(metric, 0))

    return ServerSeen(
        state,
        whole(of_locations.PRIVATE.name),
        whole(of_locations.PSS.name),
        whole(of_locations.RESIDENT.name),
        whole(of_locations.PEAK.name),
        measured=of_locations.PSS.name in value,
        limit=whole(of_locations.LIMIT.name) or None,
        draining=whole(of_locations.DRAINING.name),
        woken_at=value.get(of_locations.WOKEN_AT.name, 0.0),
        where=f"pack {pod}",
    )


def _before(location: Document) -> str:
    """Of a location that has no place yet."""
    return {"refused": "failed", "impossible": "failed", "conflict": "failed", "unseen": "unprobed"}.get(
        phase(location), "loading"
    )
