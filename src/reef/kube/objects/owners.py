"""Whose an object of a cluster is, as labels and annotations of the programs say that make objects from files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reef.kube.objects.adopted import made_by_reef

Program = Literal["reef", "flux", "flux-helm", "argocd", "helm", "somebody"]
_HELM = "meta.helm.sh/release-"
_ARGO = "argocd.argoproj.io/"
_FLUX, _FLUX_HELM = "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"
_SAID = {
    "flux": "the Kustomization {} of Flux",
    "flux-helm": "the HelmRelease {} of Flux",
    "argocd": "the Argo CD application {}",
    "helm": "the Helm release {}",
    "somebody": "somebody else",
    "reef": "Reef",
}


@dataclass(frozen=True)
class MadeBy:
    """`name` is that of the release, application or Kustomization; "" where nobody says it."""

    program: Program
    name: str = ""
    namespace: str = ""

    @property
    def syncs(self) -> bool:
        """Whether that program makes the object as its files say by itself, again and again."""
        return self.program in ("flux", "flux-helm", "argocd")

    @property
    def has_values(self) -> bool:
        """Whether values of the chart say what there is."""
        return self.program in ("helm", "flux-helm", "argocd")

    def __str__(self) -> str:
        return _SAID[self.program].format(self.name).rstrip()


def made_by(document: Mapping[str, Any]) -> MadeBy:
    """The first of them that has signed it. Flux's HelmReleases bear Helm's annotations as well."""
    if made_by_reef(document):
        return MadeBy("reef")
    labels = document["metadata"].get("labels") or {}
    notes = document["metadata"].get("annotations") or {}
    for program, prefix in (("flux-helm", _FLUX_HELM), ("flux", _FLUX)):
        if name := labels.get(f"{prefix}name"):
            return MadeBy(program, name, labels.get(f"{prefix}namespace", ""))  # type: ignore[arg-type]
    if tracked := notes.get(f"{_ARGO}tracking-id"):
        return MadeBy("argocd", tracked.partition(":")[0])
    if name := labels.get(f"{_ARGO}instance"):
        return MadeBy("argocd", name)
    if name := notes.get(f"{_HELM}name"):
        return MadeBy("helm", name, notes.get(f"{_HELM}namespace", ""))
    return MadeBy("somebody")
