"""`reef deploy` on a cluster: objects applied, and watched until the controller is done with them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reef.cluster.errors import ClusterError
from reef.cluster.kinds import CODE_LOCATION, Document
from reef.kube.model import CodeLocation
from reef.kube.objects.owners import made_by
from reef.remote.reaching import Remote
from reef.remote.rows import is_settled, message, phase
from reef.remote.settling import Tell, settled
from reef.words import describe


@dataclass(frozen=True)
class Done:
    """`results`: location -> what became of it. `not_taken`: location -> why the API server refused the object."""

    seconds: float
    results: Mapping[str, dict[str, Any]]
    not_taken: Mapping[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> list[str]:
        """Those that are not served as they ask."""
        bad = [name for name, each in self.results.items() if each["state"] not in ("served", "paused")]
        return sorted([*bad, *self.not_taken])


async def deployed(
    remote: Remote, wanted: Sequence[CodeLocation], before: Sequence[Document], timeout_s: float, tell: Tell
) -> Done:
    """One object that is refused hinders no other. Raises ClusterError where nothing can be seen."""
    began, not_taken = time.monotonic(), dict[str, str]()
    applied = []
    for each in wanted:
        document = each.document()
        document["metadata"]["namespace"] = remote.namespace
        try:
            await remote.client.apply(CODE_LOCATION, document)
            applied.append(each.name)
        except ClusterError as error:
            not_taken[each.name] = describe(error)
            tell(each.name, "not taken", describe(error))
    served = {each["metadata"]["name"]: (each.get("status") or {}).get("version") for each in before}
    found = await settled(remote, applied, timeout_s, tell) if applied else {}
    results = {name: _result(found.get(name), served.get(name)) for name in applied}
    return Done(time.monotonic() - began, results, not_taken)


def _result(document: Document | None, before: str | None) -> dict[str, Any]:
    if document is None:
        return {"state": "deleted", "before": before, "version": None, "message": "It was deleted meanwhile."}
    status = document.get("status") or {}
    return {
        "state": phase(document),
        "settled": is_settled(document),
        "before": before,
        "version": status.get("version"),
        "placement": (status.get("placement") or {}).get("chosen"),
        "message": message(status),
    }


def synced_by(wanted: Sequence[CodeLocation], there: Sequence[Document]) -> dict[str, str]:
    """Location -> the program that will make it as its own files say, whatever is applied here."""
    names = {each.name for each in wanted}
    found = {each["metadata"]["name"]: made_by(each) for each in there}
    return {name: str(owner) for name, owner in found.items() if name in names and owner.syncs}
