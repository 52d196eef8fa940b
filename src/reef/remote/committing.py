"""What the owner of a Service has to be told, so that it does not undo a cutover. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reef.cluster.kinds import Document
from reef.kube.group import HELM_FORM, HELM_KEY
from reef.kube.helm.off import deployments_off_at, values_off_at
from reef.kube.helm.section import SUBCHART
from reef.kube.objects.owners import MadeBy
from reef.kube.writing import yaml_text
from reef.remote.rows import notes

GUARD = "kustomize.toolkit.fluxcd.io/reconcile"  # of a live object: `disabled` keeps Flux from it


@dataclass(frozen=True)
class Advice:
    """`values` are Helm values to commit, None where none are known; `steps` are sentences, in their order."""

    owner: MadeBy
    locations: tuple[str, ...]
    values: Mapping[str, Any] | None
    steps: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "owner": str(self.owner),
            "program": self.owner.program,
            "locations": list(self.locations),
            "values": None if self.values is None else dict(self.values),
            "steps": list(self.steps),
        }

    def text(self) -> str:
        """For people."""
        lines = [f"{self.owner} has the Service of {', '.join(self.locations)}.", *self.steps]
        return "\n".join(lines) + ("\n" + yaml_text(dict(self.values)) if self.values else "\n")


def is_guarded(service: Document) -> bool:
    """Whether a note on the Service keeps its owner from it."""
    return notes(service).get(GUARD) == "disabled"


def advice(
    owner: MadeBy,
    taken: Sequence[Document],
    all_of_it: Sequence[Document],
    workspace_map: str,
    namespace: str,
) -> list[Advice]:
    """One for each place in the owner's values. `taken` are the CodeLocations that are cut over, `all_of_it` all whose
    Service that owner has."""
    if not owner.has_values:
        return [Advice(owner, _names(taken), None, tuple(_steps(owner, _names(taken), namespace)))]
    found = []
    for key in dict.fromkeys(map(_key, taken)):
        own = [each for each in taken if _key(each) == key]
        whole = len(own) == len([each for each in all_of_it if _key(each) == key])
        values, sentence = _values(key, own, whole, workspace_map)
        steps = (*_steps(owner, _names(own), namespace), sentence)
        found.append(Advice(owner, _names(own), values, steps))
    return found


def _values(
    key: str, own: Sequence[Document], whole: bool, workspace_map: str
) -> tuple[dict[str, Any] | None, str]:
    at = f"{key}.deployments" if key else "deployments"
    if whole:
        return values_off_at(key, workspace_map), "Values that switch its user deployments off:"
    if all(notes(each).get(HELM_FORM) == "map" for each in own):
        return deployments_off_at(key, _names(own)), "Values that take these deployments out:"
    return None, f"In its values, take the elements of these names out of {at}."


def _steps(owner: MadeBy, names: Sequence[str], namespace: str) -> list[str]:
    services = " ".join(names)
    there = f" -n {owner.namespace}" if owner.namespace else ""
    if owner.program == "helm":
        return [
            "`reef cutover` notes on the Service that Helm is to keep it, so an upgrade with these values does not "
            "delete it. An upgrade without them leads the Service back to the old pods."
        ]
    if owner.program == "flux-helm":
        return [
            f"Before the cutover: flux suspend helmrelease {owner.name}{there}",
            "After it, commit the values, then: flux resume helmrelease " + owner.name + there,
        ]
    if owner.program == "flux":
        return [
            f"Before the cutover: kubectl -n {namespace} annotate service {services} {GUARD}=disabled",
            "Flux then neither changes nor removes the Service; `reef cutover` needs no option for that.",
        ]
    if owner.program == "argocd":
        return [
            f"Before the cutover: switch automatic sync of the application {owner.name} off, and "
            f"kubectl -n {namespace} annotate service {services} argocd.argoproj.io/sync-options=Prune=false",
            "After it, commit the values, then switch automatic sync on again.",
        ]
    return ["Whoever makes it from files must not do so again: take it out of them."]


def _key(location: Document) -> str:
    return notes(location).get(HELM_KEY, SUBCHART)


def _names(documents: Sequence[Document]) -> tuple[str, ...]:
    return tuple(each["metadata"]["name"] for each in documents)
