"""How changes roll out, as the chart's values say it."""

from __future__ import annotations

import msgspec

from reef.controller.versions import Rules
from reef.decide.cluster.rolling import RolloutBounds
from reef.errors import ReefError
from reef.fleet.model import DeploySpec, WaveEnd
from reef.fleet.units import span_s
from reef.words import describe


class _Rollout(msgspec.Struct, forbid_unknown_fields=True):
    """`waves` are ends such as `10%` or `4`; what they leave is the last wave."""

    probes: int = 4
    many: int = 5
    waves: list[str] = msgspec.field(default_factory=lambda: ["10%", "50%"])
    soak: str = "30s"
    canary: list[str] = []
    refusedShare: float = 0.3


def read_rules(text: str) -> Rules:
    """Of JSON, "" for the defaults. Raises ReefError."""
    try:
        found = msgspec.json.decode(text or "{}", type=_Rollout)
        ends = tuple(_end(each) for each in found.waves)
        soak_s = 0.0 if found.soak in ("0", "0s") else span_s(found.soak)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ReefError(
            f"REEF_ROLLOUT cannot be used: {describe(error)}", hint="the chart's `rollout` sets it"
        ) from None
    bounds = RolloutBounds(
        probes=found.probes, many=found.many, refused_share=found.refusedShare, soak_s=soak_s
    )
    return Rules(bounds, DeploySpec(ends, soak_s, "size", tuple(found.canary)))


def _end(text: str) -> WaveEnd:
    return WaveEnd(float(text.rstrip("%")), percent=text.endswith("%"))
