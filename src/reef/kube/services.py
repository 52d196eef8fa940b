"""The shared services of a fleet as objects of a cluster, and what their callers are told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reef.calls_of_services import variable_of
from reef.errors import ReefError
from reef.fleet.document import Item, read_document
from reef.fleet.model import Fleet, ServiceSpec
from reef.kube.dns_labels import Labels
from reef.kube.findings import Finding, about, left_out
from reef.kube.inside import Inside
from reef.kube.model import CodeLocation
from reef.kube.model.pods import EnvVar
from reef.kube.objects.service_gate import GATES, service_gate
from reef.kube.objects.shared_service import ServicePod, service_address, shared_service
from reef.kube.render import Target, borrowed

_OF_THIS_MACHINE = re.compile(r"unix:|(localhost|127\.[\d.]+|\[::1\]|::1)(:|$)")


@dataclass(frozen=True)
class RenderedServices:
    """Documents in the order in which they are applied; `addresses` by the name of the service; `made`: how many have
    pods."""

    documents: tuple[dict[str, Any], ...]
    addresses: Mapping[str, str]
    findings: tuple[Finding, ...]
    made: int


def rendered_services(
    fleet: Fleet, target: Target, labels: Labels, program: Mapping[str, str], reef_image: str | None = None
) -> RenderedServices:
    """`program`: the guest's files that run in the pods, with their text; `labels`: names that are taken. `reef_image`:
    Reef's own, of the pod that takes the calls and lets services sleep; without it there is none. Raises ReefError."""
    if reef_image and not target.namespace:
        raise ReefError(
            "--reef-image needs a namespace", hint="say with -n where the services are going to be"
        )
    gated = list[tuple[str, ServiceSpec]]()
    documents, findings = list[dict[str, Any]](), list[Finding]()
    addresses: dict[str, str] = {}
    items = read_document(fleet.source).entries["services"].entries if fleet.services else {}
    for spec in fleet.services:
        item = items[spec.name]
        try:
            _check_variable(spec.name, addresses, item)
            if spec.address:
                addresses[spec.name] = _elsewhere(spec, item)
                continue
            image = spec.image or target.image
            if image is None:
                raise item.error("has no image", "image of the service, or --image")
            pod = ServicePod(
                name=labels.label(spec.name),
                namespace=target.namespace,
                image=image,
                env=_env(spec, item, findings),
                workdir=_workdir(spec, item, Inside(fleet.folder, target.workdir), findings),
                program=program,
                gate=GATES if reef_image else None,
            )
        except ReefError as error:
            findings.append(left_out(item, error))
            continue
        _say_what_is_lost(item, findings, sleeps=reef_image is not None)
        documents += shared_service(spec, pod)
        gated.append((pod.name, spec))
        addresses[spec.name] = service_address(pod.name, target.namespace)
    if gated and reef_image and target.namespace:
        documents += service_gate(gated, target.namespace, reef_image)
    made = len(gated)
    return RenderedServices(tuple(documents), addresses, tuple(findings), made)


def tell(locations: Sequence[CodeLocation], addresses: Mapping[str, str]) -> None:
    """Gives each location with an image the variables by which its servers and its runs find the services. A variable
    of its own wins."""
    for location in locations:
        if not location.spec.image:
            continue
        own = list(location.spec.env or ())
        taken = {each.name for each in own}
        told = {variable_of(name): address for name, address in addresses.items()}
        more = [EnvVar(name=name, value=value) for name, value in told.items() if name not in taken]
        if more:
            location.spec.env = [*own, *more]


def _check_variable(name: str, addresses: Mapping[str, str], item: Item) -> None:
    for other in addresses:
        if variable_of(other) == variable_of(name):
            raise item.error(
                f"and {other} would both be {variable_of(name)}", "give one of them another name"
            )


def _elsewhere(spec: ServiceSpec, item: Item) -> str:
    if _OF_THIS_MACHINE.match(spec.address):
        raise item.entries["address"].error(
            f'= "{spec.address}", which no other pod reaches', "name it by a host and a port"
        )
    return spec.address


def _env(spec: ServiceSpec, item: Item, findings: list[Finding]) -> dict[str, str]:
    values = dict(spec.env)
    said = item.entries.get("env")
    for name in sorted(borrowed(said) & values.keys()) if said else ():
        why = "it has the value of Reef's own environment here: add it to the Deployment, from a Secret"
        findings.append(Finding("lost", f"{item.path}.env.{name}", why, item.where))
        del values[name]
    return values


def _workdir(spec: ServiceSpec, item: Item, inside: Inside, findings: list[Finding]) -> str | None:
    """None: that of the image."""
    there = inside.path(spec.cwd)
    if there is not None and (inside.workdir is not None or inside.is_folder(spec.cwd)):
        return there if inside.workdir is not None else None
    why = f"{spec.cwd} is not in the fleet's folder, so where it is in the image is not known"
    if there is not None:
        why = f"{there} is relative to the image's folder: say where that is with --workdir"
    findings.append(Finding("lost", f"{item.path}.cwd", why, item.where))
    return None


_LOST = {
    "python": "it is of this machine; the image's own python3 is taken",
    "idle_timeout": "its pods stay: nothing takes them away while nobody calls; --reef-image brings what does",
}


def _say_what_is_lost(item: Item, findings: list[Finding], *, sleeps: bool) -> None:
    for key, why in _LOST.items():
        said = item.entries.get(key) if not (sleeps and key == "idle_timeout") else None
        if said is not None and said.value is not None:
            findings.append(about("lost", said, why))
