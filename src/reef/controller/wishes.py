"""What a CodeLocation asks for, as the decision on its placement takes it."""

from __future__ import annotations

from reef.decide.placements.wish import Wish
from reef.fleet.units import span_s
from reef.kube.asked import WRITTEN, beside, document
from reef.kube.model import CodeLocation


def wish_of(location: CodeLocation, name: str, *, opens_port: bool = False, memory_bytes: int = 0) -> Wish:
    """What the location asks for, under that name. `opens_port` and `memory_bytes` are what a probe saw."""
    spec = location.spec
    return Wish(
        name=name,
        document=document(location),
        namespace=location.namespace,
        owner=spec.owner or None,
        placement=spec.placement or "auto",
        has_server=bool(spec.server),
        replicas=spec.replicas or 1,
        start=spec.startCommand or "api-grpc",
        idle_timeout_s=span_s(spec.idle_timeout) if spec.idle_timeout else None,
        opens_port=opens_port,
        memory_bytes=memory_bytes,
        written=WRITTEN,
        beside=beside(location),
    )
