"""What the next host must know of a deploy."""

from __future__ import annotations

from typing import Literal

import msgspec

from reef.decide.rollout import Outcome, Standing
from reef.records.deploy_progress import LocationDone, TakenBack

State = Literal["running", "interrupted", "over"]


class Journal(msgspec.Struct, kw_only=True):
    """All that the next host must know of a deploy. Times are unix seconds, and only for people."""

    id: str
    waves: tuple[tuple[str, ...], ...]
    allow_removals: bool = False
    soak_s: float = 0.0
    rollback_on_halt: bool = False
    started_at: float = 0.0
    state: State = "running"
    outcome: Outcome | None = None
    before: dict[str, str | None] = {}  # location -> the version that was served when the deploy began
    before_loaded: tuple[str, ...] = ()  # locations that served definitions, not a load error
    pinned_before: dict[str, str] = {}  # location -> why it was pinned already
    known: dict[str, list[tuple[str, str]]] = {}  # location -> how its calls failed before
    pinned: bool = False
    not_pinned: dict[str, str] = {}
    done: dict[str, LocationDone] = {}
    passed: int = 0
    halted: dict[str, str] = {}  # location -> what went wrong
    abandoned: bool = False
    rolled_back: dict[str, TakenBack] = {}
    settled: bool = False

    @property
    def waved(self) -> bool:
        """Whether anything waits or is watched: else it is one wave, done at once."""
        return len(self.waves) > 1 or self.soak_s > 0 or self.rollback_on_halt

    def as_it_is_now(self) -> Journal:
        """For who reads it while it goes on."""
        dicts = {
            name: dict(value)
            for name in self.__struct_fields__
            if isinstance(value := getattr(self, name), dict)
        }
        return msgspec.structs.replace(self, **dicts)

    def standing(self) -> Standing:
        return Standing(
            waves=self.waves,
            waved=self.waved,
            rolls_back=self.rollback_on_halt,
            pinned=self.pinned,
            done={name: done.state for name, done in self.done.items()},
            passed=self.passed,
            halted=bool(self.halted),
            abandoned=self.abandoned,
            rolled_back=tuple(self.rolled_back),
            settled=self.settled,
        )

    def wave_of(self, name: str) -> int:
        """From 0 on."""
        return next(number for number, wave in enumerate(self.waves) if name in wave)
