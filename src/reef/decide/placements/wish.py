"""What one location asks for, and what was chosen for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reef.decide.placements.judging import Judged

Placement = Literal["packed", "on_demand", "standing", "external"]
AskedFor = Literal["auto", "packed", "on_demand", "standing", "external"]
Start = Literal["api-grpc", "code-server", "image"]


@dataclass(frozen=True)
class Wish:
    """One location.

    `document` has its fields in the sections `pod`, `container` and `metadata`, as `judging` takes them, and `written`
    says where a person wrote them: the beginning of a path -> their words. `beside` is what else every server of its
    container has. `idle_timeout_s` is the user's (infinity: never), None where Reef decides. `memory_bytes` is what it
    counts for in a pack, 0 where that is not known. `opens_port`: a probe saw it listen while its code was loaded.
    `paused_in`: the placement that it keeps while it is paused.
    """

    name: str
    document: Mapping[str, Mapping[str, object]]
    namespace: str | None = None
    owner: str | None = None
    placement: AskedFor = "auto"
    has_server: bool = False
    replicas: int = 1
    start: Start = "api-grpc"
    idle_timeout_s: float | None = None
    opens_port: bool = False
    memory_bytes: int = 0
    paused_in: Placement | None = None
    written: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, object] = field(default_factory=dict)

    def place(self, judged: Judged) -> str:
        """Where a person wrote it."""
        for beginning, words in self.written.items():
            rest = judged.where.removeprefix(beginning)
            if rest != judged.where and (not rest or rest[0] in ".["):
                return f"{words}{rest}"
        return judged.where


@dataclass(frozen=True)
class DecidingSetting:
    """One setting that decided: where it is, and a sentence."""

    where: str
    why: str


@dataclass(frozen=True)
class Chosen:
    """`placement` is None where Reef refuses the location. `why` is for people, `reasons` are the settings behind it.

    `movable`: nobody asked for it, and another placement would keep all that the location asks for.
    """

    placement: Placement | None
    why: str
    reasons: tuple[DecidingSetting, ...] = ()
    movable: bool = False
