"""CodeLocations as the API server has them, read once for each change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from reef.kube import labels
from reef.kube.errand_annotation import Errand, read_errand
from reef.kube.model import CodeLocation, Spec
from reef.kube.seen.reading import seconds
from reef.words import describe


@dataclass(frozen=True)
class Known:
    """One object. `location` is None where its spec cannot be read, `problem` says why. `rollback` is the version that
    somebody asked to go back to, "" for none; `instead_of` the one that it takes the place of, once that is written."""

    name: str
    uid: str
    generation: int
    created: float
    deleting: bool
    paused: bool
    location: CodeLocation | None
    problem: str
    status: Mapping[str, Any]
    try_again_at: float | None
    rollback: str
    instead_of: str | None
    errand: Errand | None = None

    @property
    def location_name(self) -> str:
        return self.location.location_name if self.location else self.name


def read_known(document: Mapping[str, Any]) -> Known:
    """Never raises: what is wrong with an object is said in its status."""
    meta = document["metadata"]
    notes = meta.get("annotations") or {}
    location, problem = None, ""
    back, _, instead_of = notes.get(labels.ROLLBACK, "").partition(labels.INSTEAD_OF)
    try:
        spec = msgspec.convert(document.get("spec") or {}, Spec)
        own = {name: meta.get(name) or {} for name in ("labels", "annotations")}
        location = CodeLocation(meta["name"], spec, meta.get("namespace"), own["labels"], own["annotations"])
    except msgspec.ValidationError as error:
        problem = f"Its spec cannot be read: {describe(error)}."
    return Known(
        name=meta["name"],
        uid=meta["uid"],
        generation=meta.get("generation", 0),
        created=seconds(meta.get("creationTimestamp")) or 0.0,
        deleting="deletionTimestamp" in meta,
        paused=notes.get(labels.PAUSED) == "true",
        location=location,
        problem=problem,
        status=document.get("status") or {},
        try_again_at=_time(notes.get(labels.TRY_AGAIN)),
        rollback=back,
        instead_of=instead_of or None,
        errand=read_errand(notes.get(labels.ERRAND)),
    )


def _time(text: str | None) -> float | None:
    try:
        return seconds(text)
    except ValueError:
        return None
