"""Whether a Service can lead to Reef's gateways, or back to the pods that it led to before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from reef.cluster.kinds import Document
from reef.errors import NotDone
from reef.kube import labels
from reef.kube.model.resource import DEFAULT_PORT
from reef.kube.objects.adopted import leads_to, made_by_reef, port_of, read_before
from reef.kube.objects.owners import made_by
from reef.kube.seen.reading import deployment_seen
from reef.remote.committing import is_guarded
from reef.remote.rows import condition, message, notes
from reef.words import describe

State = Literal["cut_over", "back", "unchanged", "refused", "failed", "not_reached"]


class CutoverRefused(NotDone):
    """Nothing was changed."""


def gateway_port(location: Document) -> int | None:
    """The port of gateways at which it is answered for."""
    found: int | None = ((location.get("status") or {}).get("serving") or {}).get("gatewayPort")
    return found


def is_cut_over(location: Document, service: Document) -> bool:
    """Whether the Service leads to gateways."""
    port = gateway_port(location)
    return port is not None and leads_to(service, service_port(location), labels.GATEWAYS) == port


def service_port(location: Document) -> int:
    """The port of its Service."""
    return int(location["spec"].get("port") or DEFAULT_PORT)


def needs_nothing(location: Document, service: Document | None) -> bool:
    """Whether it is Reef's already."""
    if service is None:
        return False
    marked = notes(location).get(labels.CUTOVER) == "true"
    return made_by_reef(service) or (marked and is_cut_over(location, service))


def check_forward(
    location: Document, service: Document | None, gateways_ready: int, sync_cannot_undo: bool
) -> Document:
    """The Service. Raises CutoverRefused."""
    name, status = location["metadata"]["name"], location.get("status") or {}
    if service is None:
        raise CutoverRefused(f"{name} has no Service to cut over", hint="Reef makes one where there is none")
    if condition(status, "Ready").get("status") != "True" or gateway_port(location) is None:
        raise CutoverRefused(
            f"{name} is not served by Reef: {message(status) or 'the controller has not seen it yet'}",
            hint=f"`reef status {name}` says what it waits for; its Service stays where it is",
        )
    _check_kind(location, service)
    if not gateways_ready:
        raise CutoverRefused("no gateway is ready", hint="kubectl rollout status deployment/reef-gateway")
    owner = made_by(service)
    if owner.syncs and not sync_cannot_undo and not is_guarded(service):
        raise CutoverRefused(
            f"the Service of {name} belongs to {owner}, whose next sync would lead it back",
            hint="do what is said above, then run this again with --sync-cannot-undo",
        )
    return service


def _check_kind(location: Document, service: Document) -> None:
    name, spec = location["metadata"]["name"], service["spec"]
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
        kind = "ExternalName" if spec.get("type") == "ExternalName" else "headless"
        raise CutoverRefused(
            f"the Service of {name} is {kind}: clients do not go through it, so nothing can be led elsewhere",
            hint="make an ordinary one of that name in its place",
        )
    if port_of(service, service_port(location)) is None:
        ports = ", ".join(str(each["port"]) for each in spec.get("ports") or ())
        raise CutoverRefused(
            f"the Service of {name} has no port {service_port(location)}, but {ports or 'none'}",
            hint=f"set spec.port of the CodeLocation {name} to the one that Dagster's workspace names",
        )
    host = (location["spec"].get("server") or {}).get("host", "")
    if host.partition(".")[0] == name:
        raise CutoverRefused(
            f"the server of {name} is the Service itself: it would lead to itself",
            hint="name the pods of that server by another Service",
        )


def saved(location: Document) -> Mapping[str, Any]:
    """Where its Service led before. Raises CutoverRefused."""
    name = location["metadata"]["name"]
    text = notes(location).get(labels.BEFORE_CUTOVER)
    if text is None:
        hint = f"what `reef cutover` changed is in the annotation {labels.BEFORE_CUTOVER}"
        raise CutoverRefused(f"nobody noted where the Service of {name} led before", hint=hint)
    try:
        return read_before(text)
    except ValueError as error:
        raise CutoverRefused(
            f"the annotation {labels.BEFORE_CUTOVER} of {name} cannot be read: {describe(error)}"
        ) from None


def check_back(
    location: Document, service: Document | None, deployments: Sequence[Document], namespace: str
) -> tuple[Document, Mapping[str, Any]]:
    """The Service, and where it is to lead. The pods of then must be there. Raises CutoverRefused."""
    name, before = location["metadata"]["name"], saved(location)
    if service is None:
        raise CutoverRefused(f"{name} has no Service", hint="the old one is gone: install what made it again")
    selector = before.get("selector") or {}
    if not selector:
        return service, before
    chosen = [each for each in deployments if _has_pods(each, selector)]
    if any(deployment_seen(each).available > 0 for each in chosen):
        return service, before
    said = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    if not chosen:
        raise CutoverRefused(
            f"no Deployment has the pods that {name} led to before ({said})",
            hint="switch the old deployment on again: give its values without what switched it off",
        )
    there = chosen[0]["metadata"]["name"]
    if chosen[0]["spec"].get("replicas") == 0:
        raise CutoverRefused(
            f"the old Deployment {there} of {name} has no pods",
            hint=f"kubectl -n {namespace} scale deployment {there} --replicas=1",
        )
    raise CutoverRefused(
        f"the old Deployment {there} of {name} has no available pod yet",
        hint=f"kubectl -n {namespace} rollout status deployment {there}",
    )


def _has_pods(deployment: Document, selector: Mapping[str, str]) -> bool:
    template = ((deployment["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    return bool(selector.items() <= template.items())
