"""Asking the controller to wake a location or to let it sleep."""

from __future__ import annotations

from datetime import UTC, datetime

from reef.cluster.kinds import Document
from reef.errors import ReefError
from reef.kube import labels
from reef.kube.errand_annotation import Errand, Verb, read_errand
from reef.remote.reaching import Remote
from reef.remote.rows import notes
from reef.remote.settling import settled
from reef.words import seconds


class NotAnswered(ReefError):
    exit_code = 1


async def run_errand(remote: Remote, name: str, verb: Verb, timeout_s: float) -> Errand:
    """As the controller has answered it. Raises ReefError where it has not, or was asked for something else since."""
    asked = Errand(verb, datetime.now(UTC).isoformat().replace("+00:00", "Z"))
    await remote.annotate(name, **{labels.ERRAND: asked.written()})
    found = await settled(remote, [name], timeout_s, _silent, lambda each: _is_over(each, asked))
    there = found.get(name)
    said = _said(there) if there is not None else None
    if said is None or (said.verb, said.at) != (asked.verb, asked.at):
        why = "it was deleted" if there is None else "somebody asked for something else meanwhile"
        raise NotAnswered(f"{name}: no answer, {why}", hint="ask again")
    if said.state is None:
        raise NotAnswered(
            f"{name}: the controller has not done it within {seconds(timeout_s)}",
            hint=f"`reef status {name}` says how it is; --timeout waits longer",
        )
    await remote.annotate(name, **{labels.ERRAND: None})
    return said


def _said(location: Document) -> Errand | None:
    return read_errand(notes(location).get(labels.ERRAND))


def _is_over(location: Document, asked: Errand) -> bool:
    said = _said(location)
    return said is None or (said.verb, said.at) != (asked.verb, asked.at) or said.state is not None


def _silent(_name: str, _phase: str, _message: str) -> None:
    """How its version is does not matter."""
