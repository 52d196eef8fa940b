"""What is told of a deploy while it goes on, and written into its journal: one struct for each thing that happens.

`state` names the struct in JSON. What is UNSET is not told.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

DiffInJson = dict[str, dict[str, list[str]]]


class _Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="state"):
    @property
    def state(self) -> str:
        return str(self.__struct_config__.tag)


class OfLocation(_Progress, frozen=True, kw_only=True):
    """`location` is left out in a journal, where it is the key. Versions are whole, `seconds` since it began."""

    location: str = ""
    reason: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    before: str | UnsetType | None = UNSET
    definitions: DiffInJson | UnsetType = UNSET
    # Runs that live while jobs of their location go.
    live_runs: list[str] | UnsetType = UNSET
    # Why it could not be rolled back to, None where it can.
    not_kept: str | UnsetType | None = UNSET
    # Why the next wake may serve it all the same.
    not_pinned: str | UnsetType | None = UNSET
    seconds: float | UnsetType = UNSET


class LocationProbing(OfLocation, frozen=True, tag="probing"):
    pass


class LocationPromoted(OfLocation, frozen=True, tag="promoted"):
    pass


class LocationUnchanged(OfLocation, frozen=True, tag="unchanged"):
    pass


class LocationRefused(OfLocation, frozen=True, tag="refused"):
    pass


class LocationFailed(OfLocation, frozen=True, tag="failed"):
    pass


class LocationNotPinned(OfLocation, frozen=True, tag="not pinned"):
    """It could not be made to wait for its wave."""


class LocationTakenBack(OfLocation, frozen=True, tag="rolled back"):
    pass


class LocationNotTakenBack(OfLocation, frozen=True, tag="not rolled back"):
    pass


class LocationNotReached(OfLocation, frozen=True, tag="not reached"):
    pass


class _OfWave(_Progress, frozen=True, kw_only=True):
    """`wave` counts from 1 on."""

    wave: int
    waves: int


class WaveBegan(_OfWave, frozen=True, tag="wave", kw_only=True):
    locations: list[str]


class WaveSoaking(_OfWave, frozen=True, tag="soaking", kw_only=True):
    soak_s: float


class WavePassed(_OfWave, frozen=True, tag="passed"):
    pass


class WaveHalted(_OfWave, frozen=True, tag="halted", kw_only=True):
    """`reasons`: location -> what went wrong."""

    reasons: dict[str, str]


class DeployOver(_Progress, frozen=True, tag="over", kw_only=True):
    outcome: str | None
    seconds: float


LocationDone = LocationPromoted | LocationUnchanged | LocationRefused | LocationFailed
"""How one location of a deploy, or of a rollback, ended."""
TakenBack = LocationTakenBack | LocationNotTakenBack
Progress = (
    LocationProbing
    | LocationDone
    | LocationNotPinned
    | TakenBack
    | LocationNotReached
    | WaveBegan
    | WaveSoaking
    | WavePassed
    | WaveHalted
    | DeployOver
)

T = TypeVar("T", bound=OfLocation)


def plain(progress: _Progress) -> dict[str, Any]:
    """As it travels in JSON."""
    found: dict[str, Any] = msgspec.to_builtins(progress)
    return found


def read(told: object) -> Progress:
    """Raises msgspec.ValidationError."""
    found: Progress = msgspec.convert(told, Progress)
    return found


def retold(progress: OfLocation, kind: type[T], **changed: Any) -> T:
    """The same as another thing that happened."""
    fields = {name: getattr(progress, name) for name in progress.__struct_fields__}
    return kind(**{**fields, **changed})
