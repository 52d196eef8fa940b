"""What one location asks for, beside what is written down of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from reef.controller.book import Book
from reef.controller.known import Known
from reef.controller.paused_spec import spec_while_paused
from reef.decide.cluster.owners import Claim, conflict, owners
from reef.decide.cluster.verdicts import Pin, wanted_version
from reef.kube.model import CodeLocation
from reef.kube.objects.released import Released
from reef.kube.objects.versions import Kind, as_released, references, settings_digest, version


@dataclass(frozen=True)
class Asked:
    """A location that has its name and can be read. `version` is what it asks for, a rollback taken into account, and
    `newest` without it; `missing` are Secrets and ConfigMaps that are not there."""

    known: Known
    location: CodeLocation
    book: Book
    version: str
    missing: tuple[str, ...]
    newest: str

    @property
    def name(self) -> str:
        """The object's name."""
        return self.known.name

    @property
    def external(self) -> bool:
        return bool(self.location.spec.server)

    def released(self, version: str) -> Released | None:
        """A version that was recorded, as it is to run; None where it is not known or fits no model any more."""
        kept = self.book.kept.get(version)
        if kept is None:
            return None
        try:
            location = as_released(self.location, kept.spec)
            spec = msgspec.structs.replace(location.spec, image=kept.image)
            return Released(replace(location, spec=spec), version, kept.pinned)
        except msgspec.ValidationError:
            return None

    def trial(self) -> Released:
        """The version that is asked for, as a probe runs it."""
        return Released(self.location, self.version, self.location.spec.image or "")


def asked(known: Known, book: Book, hashes: Mapping[tuple[Kind, str], str]) -> Asked:
    """`known.location` is there. A location that is paused asks for what it asked for when it was paused."""
    assert known.location is not None
    location = spec_while_paused(known.location, book) if known.paused else known.location
    needed = [each for each in references(location) if not each.optional]
    missing = sorted({f"{each.kind} {each.name}" for each in needed if (each.kind, each.name) not in hashes})
    newest = version(location.spec.image or "", settings_digest(location, hashes))
    pin = pinned(known, book, newest)
    if pin != book.pin:
        book = msgspec.structs.replace(book, pin=pin)
    return Asked(known, location, book, wanted_version(newest, pin), tuple(missing), newest)


def pinned(known: Known, book: Book, newest: str) -> Pin | None:
    """The rollback that its annotation asks for. Until the controller has completed it, it holds in any case."""
    if not known.rollback or known.rollback not in book.kept:
        return None
    return Pin(known.rollback, known.instead_of or newest)


def troubles(fleet: Sequence[Known]) -> dict[str, tuple[str, str]]:
    """Locations that nothing is done for: reason and sentence. Another has their name, or nobody can read them."""
    claims = [Claim(each.name, each.uid, each.location_name, each.created, each.deleting) for each in fleet]
    by_name = {each.name: each for each in claims}
    found: dict[str, tuple[str, str]] = {}
    for name, owner in owners(claims).items():
        if (told := conflict(by_name[name], owner)) is not None:
            found[name] = ("Conflict", told)
    for each in fleet:
        if each.location is None:
            found[each.name] = ("InvalidSpec", each.problem)
    return found
