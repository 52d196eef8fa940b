"""What a gateway reads of the objects of a cluster. Pure: dicts in, sites and pods out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from reef.kube.labels import COMPONENT, HOST_CONTAINER, LOCATION, PACK
from reef.kube.model.resource import DEFAULT_PORT

Object = Mapping[str, Any]
Placement = Literal["packed", "on_demand", "standing", "external"]
DEFAULT_CALLS = 16
PROBE = "probe"
_OF_SPEC = ("port", "server", "max_concurrent_calls", "owner")
_OF_LOCATION = ("placement", "serving", "version")
_OF_POD = ("phase", "podIP", "conditions", "containerStatuses")
_OF_METADATA = ("name", "namespace", "uid", "resourceVersion", "labels", "deletionTimestamp")


class Site(Struct, frozen=True, kw_only=True):
    """Where one location is to be found, as its CodeLocation says. `port` is its server's, `where` the pack, the
    Deployment or the target. `promoted`: a version of it is served."""

    name: str
    gateway_port: int
    placement: Placement
    where: str
    port: int = DEFAULT_PORT
    ssl: bool = False
    calls_at_once: int = DEFAULT_CALLS
    promoted: bool = False
    owner: str | None = None


class Pod(Struct, frozen=True, kw_only=True):
    """A pod with servers of locations. `ready`: a pack's host takes calls; of an own pod, that kubelet says so."""

    name: str
    uid: str
    pack: str | None = None
    location: str | None = None
    ip: str | None = None
    ready: bool = False
    leaving: bool = False


def name_of(thing: Object) -> str:
    return str(_map(thing, "metadata").get("name", ""))


def site_of(thing: Object) -> Site | None:
    """None for a CodeLocation that no controller has placed yet."""
    spec, status = _map(thing, "spec"), _map(thing, "status")
    serving = _map(status, "serving")
    port = serving.get("gatewayPort")
    placement, where = _placed(serving, str(_map(status, "placement").get("chosen", "")))
    if not isinstance(port, int) or placement is None:
        return None
    return Site(
        name=name_of(thing),
        gateway_port=port,
        placement=placement,
        where=where,
        port=int(spec.get("port") or DEFAULT_PORT),
        ssl=bool(_map(spec, "server").get("ssl")),
        calls_at_once=int(spec.get("max_concurrent_calls") or DEFAULT_CALLS),
        promoted=bool(status.get("version")),
        owner=spec.get("owner") or None,
    )


def _placed(serving: Object, chosen: str) -> tuple[Placement | None, str]:
    if pack := serving.get("pack"):
        return "packed", str(pack)
    if target := serving.get("target"):
        return "external", str(target)
    if deployment := serving.get("deployment"):
        return ("on_demand" if chosen == "on_demand" else "standing"), str(deployment)
    return None, ""


def pod_of(thing: Object) -> Pod | None:
    """None for a pod that serves no location: it is of no pack and of no location, is a probe, or has ended."""
    metadata, status = _map(thing, "metadata"), _map(thing, "status")
    labels = _map(metadata, "labels")
    pack, location = labels.get(PACK), labels.get(LOCATION)
    if not (pack or location) or status.get("phase") in ("Succeeded", "Failed"):
        return None
    if labels.get(COMPONENT) == PROBE:  # what it loads is not served
        return None
    return Pod(
        name=name_of(thing),
        uid=str(metadata.get("uid", "")),
        pack=pack,
        location=None if pack else location,
        ip=status.get("podIP") or None,
        ready=_host_is_ready(status) if pack else _is_ready(status),
        leaving=bool(metadata.get("deletionTimestamp")),
    )


def _host_is_ready(status: Object) -> bool:
    """One container of a pack that cannot start keeps the pod from being *Ready*, and keeps no other from serving."""
    return any(
        one.get("name") == HOST_CONTAINER and bool(one.get("ready"))
        for one in status.get("containerStatuses") or ()
    )


def _is_ready(status: Object) -> bool:
    return any(
        one.get("type") == "Ready" and one.get("status") == "True" for one in status.get("conditions") or ()
    )


def slim(thing: Mapping[str, Any]) -> dict[str, Any]:
    """A CodeLocation or a Pod, no more of it than is read here: of hundreds the rest is megabytes."""
    return {
        "metadata": _only(thing, "metadata", _OF_METADATA),
        "spec": _only(thing, "spec", _OF_SPEC),
        "status": _only(thing, "status", _OF_LOCATION + _OF_POD),
    }


def _only(thing: Object, key: str, names: tuple[str, ...]) -> dict[str, Any]:
    found = _map(thing, key)
    return {name: found[name] for name in names if name in found}


def _map(thing: Object, key: str) -> Mapping[str, Any]:
    found = thing.get(key)
    return found if isinstance(found, Mapping) else {}
