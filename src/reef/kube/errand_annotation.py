"""`reef wake` and `reef sleep` on a cluster: an annotation of a CodeLocation, which the controller answers in place.

`wake`, or `wake 2026-11-30T12:00:00Z` to tell one question from another, becomes `wake 2026-11-30T12:00:00Z: warm`.
Where there is a reason it follows after another colon.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

Verb = Literal["wake", "sleep"]
_LONGEST = 1024


@dataclass(frozen=True)
class Errand:
    """`at` is any word, "" for none. `state` is None until it is done; then it is `warm`, `asleep` or `failed`, and
    `note` says why, for people."""

    verb: Verb
    at: str = ""
    state: str | None = None
    note: str = ""

    def done(self, state: str, note: str = "") -> Errand:
        return replace(self, state=state, note=" ".join(note.split())[:_LONGEST])

    def written(self) -> str:
        """As the annotation has it."""
        parts = [f"{self.verb} {self.at}".strip(), self.state or "", self.note]
        return ": ".join(part for part in parts if part)


def read_errand(text: str | None) -> Errand | None:
    """None where the annotation asks for nothing that Reef knows."""
    head, _, said = (text or "").partition(": ")
    word, _, at = head.strip().partition(" ")
    verb = next((each for each in get_args(Verb) if each == word), None)
    if verb is None:
        return None
    state, _, note = said.partition(": ")
    return Errand(verb, at.strip(), state.strip() or None, note)
