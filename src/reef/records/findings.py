"""What building zygotes has found of an environment's modules, kept under its fingerprint."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from reef.hosting.plan import Unfit
from reef.hosting.zygote import Built
from reef.statedir import write_atomic
from reef.words import fault

log = logging.getLogger("reef.control")


@dataclass
class Findings:
    """`unfit`: module -> why nobody may preload it; `costs`: distribution -> seconds that its import took."""

    unfit: dict[str, Unfit] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)

    def add(self, other: Findings) -> None:
        self.unfit.update(other.unfit)
        self.costs.update(other.costs)


def of_all(folder: Path, fingerprints: Iterable[str]) -> Findings:
    """What is known of any of these environments."""
    found = Findings()
    for fingerprint in sorted(set(fingerprints)):
        found.add(read(folder, fingerprint))
    return found


def read(folder: Path, fingerprint: str) -> Findings:
    """Nothing, where nothing was found yet or the file is of another Reef."""
    try:
        return msgspec.json.decode(_path(folder, fingerprint).read_bytes(), type=Findings)
    except (OSError, msgspec.MsgspecError):
        return Findings()


def keep(folder: Path, fingerprint: str, built: Built) -> bool:
    """Add what a build has found; whether any of it is new. A full disk only means finding it again."""
    found = read(folder, fingerprint)
    unfit = {
        name: why for name, why in built.left_out.items() if why.kind != "needs"
    }  # which a plan finds itself
    if found.unfit.keys() >= unfit.keys():
        return False
    found.add(Findings(unfit, dict(built.costs)))
    try:
        write_atomic(_path(folder, fingerprint), msgspec.json.encode(found))
    except OSError as error:
        log.warning("what a zygote left out could not be kept: %s", fault(error))
        return False
    return True


def _path(folder: Path, fingerprint: str) -> Path:
    return folder / f"unfit-{fingerprint[:32]}.json"
