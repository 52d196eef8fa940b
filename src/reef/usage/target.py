"""What a proposal is a patch of: a file, or a kind of file."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reef.errors import ReefError, Where
from reef.fleet.document import parse_documents
from reef.fleet.text import read_text, shown
from reef.statedir import write_atomic
from reef.usage.kinds import KINDS, Kind, SettingsPlace, kind_of, places
from reef.words import fault


@dataclass(frozen=True)
class PatchTarget:
    """`path` is None where only a kind was named; then there are no places."""

    kind: Kind
    file: str
    path: Path | None = None
    text: str = ""
    places: Sequence[SettingsPlace] = ()

    def replace(self, text: str) -> None:
        """The file says this now: whole or not at all, with its own mode; a link stays one. Raises ReefError."""
        assert self.path is not None
        path = self.path.resolve()
        try:
            if read_text(str(path)) != self.text:
                raise ReefError("was changed meanwhile", where=Where(self.file), hint="try again")
            write_atomic(path, text.encode(), mode=stat.S_IMODE(path.stat().st_mode))
        except OSError as error:
            raise ReefError(f"cannot be written: {fault(error)}", where=Where(self.file)) from None


def target(named: str) -> PatchTarget:
    """Raises ReefError for what is neither a file that says what locations request nor one of the kinds."""
    if not os.path.exists(named):
        for kind in KINDS:
            if named == kind:
                return PatchTarget(kind, named)
        raise ReefError(
            f"--patch = {named!r}, there is no such file", hint=f"name a file, or one of {', '.join(KINDS)}"
        )
    text = read_text(named)
    documents = parse_documents(text, shown(named))
    kind_found = kind_of(documents)
    if kind_found is None:
        raise ReefError(
            "is no reef.yaml, has no CodeLocation and no user deployments of Dagster's chart",
            where=Where(shown(named)),
            hint="a CodeLocation must be a document of its own, not an item of a List",
        )
    return PatchTarget(kind_found, shown(named), Path(named), text, places(kind_found, documents))
