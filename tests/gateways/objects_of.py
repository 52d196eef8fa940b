"""Objects as an API server gives them, as far as a gateway reads them."""

from __future__ import annotations

from typing import Any

from reef.kube.labels import HOST_CONTAINER, LOCATION, PACK

Thing = dict[str, Any]


def location(name: str, gateway_port: int = 20_000, *, placement: str = "packed", **more: Any) -> Thing:
    """`more`: where it is (`pack`, `deployment`, `target`), `port`, `version`."""
    spec = {key: more.pop(key) for key in ("port", "max_concurrent_calls") if key in more}
    status: Thing = {"placement": {"chosen": placement, "reason": "-"}}
    if (version := more.pop("version", "v1")) is not None:
        status["version"] = version
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {**status, "serving": {"gatewayPort": gateway_port, **more}},
    }


def pack_pod(
    pack: str, ip: str | None, *, ready: bool = True, uid: str = "u1", leaving: bool = False
) -> Thing:
    """Its pod is not *Ready*: a container beside the host's waits for its image."""
    containers = [{"name": "sales", "ready": False}, {"name": HOST_CONTAINER, "ready": ready}]
    status = {
        "phase": "Running",
        "containerStatuses": containers,
        "conditions": [{"type": "Ready", "status": "False"}],
    }
    return _pod(f"{pack}-{uid}", uid, {PACK: pack}, status, ip, leaving)


def own_pod(
    name: str,
    ip: str | None,
    *,
    ready: bool = False,
    uid: str = "u1",
    leaving: bool = False,
    phase: str = "Running",
) -> Thing:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return _pod(
        f"{name}-{uid}", uid, {LOCATION: name}, {"phase": phase, "conditions": conditions}, ip, leaving
    )


def _pod(name: str, uid: str, labels: dict[str, str], status: Thing, ip: str | None, leaving: bool) -> Thing:
    metadata: Thing = {"name": name, "uid": uid, "labels": labels}
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata, "status": {**status, **({"podIP": ip} if ip else {})}}
