"""How deploys go about it, as `deploy:` of a reef.yaml and the options of `reef deploy` say it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from reef.errors import ReefError
from reef.fleet.document import Item
from reef.fleet.model import DeploySpec, WaveEnd
from reef.fleet.sections import WAVE_PATTERN
from reef.fleet.suggest import did_you_mean
from reef.fleet.units import span_s
from reef.words import describe

WAVES_ARE = "numbers from 1 and percentages up to 100% that grow, such as 1,10,100%"


def read_deploy(item: Item | None, locations: Collection[str]) -> DeploySpec:
    """The item is already known to fit its model. Raises ReefError for what cannot be meant."""
    if item is None or item.value is None:
        return DeploySpec()
    return DeploySpec(
        ends=_ends(item.entries.get("waves")),
        soak_s=_soak(item.entries.get("soak")),
        order="owner" if _value(item, "order") == "owner" else "size",
        canary=tuple(_known(each, locations) for each in _elements(item, "canary")),
        rollback_on_halt=_value(item, "rollback_on_halt") is True,
    )


def wave_ends(written: Sequence[str]) -> tuple[WaveEnd, ...]:
    """`1`, `10`, `100%`. Raises ValueError with what is wrong."""
    ends = tuple(map(_end, written))
    for before, after in pairwise(ends):
        if before.percent == after.percent and after.number <= before.number:
            raise ValueError(f"{after} comes after {before}, but each wave includes those before it")
    return ends


def soak_seconds(written: str) -> float:
    """Seconds of `2m`, `30s`, `0`. Raises ValueError."""
    return 0.0 if written == "0" else span_s(written)


def _end(written: str) -> WaveEnd:
    if not re.fullmatch(WAVE_PATTERN, written):
        raise ValueError(f"{written!r} is neither a number from 1 nor a percentage")
    end = WaveEnd(float(written.rstrip("%")), written.endswith("%"))
    if end.percent and not 0 < end.number <= 100:
        raise ValueError(f"{written} is not above 0% and up to 100%")
    return end


def _ends(item: Item | None) -> tuple[WaveEnd, ...]:
    if item is None or item.value is None:
        return ()
    try:
        return wave_ends([str(each.value) for each in item.elements])
    except ValueError as wrong:
        raise item.error(f"must be {WAVES_ARE}: {describe(wrong)}") from None


def _soak(item: Item | None) -> float:
    if item is None or item.value is None:
        return 0.0
    try:
        return soak_seconds(str(item.value))
    except ValueError:
        raise item.invalid("a time such as 30s or 2m, or 0") from None


def _known(item: Item, locations: Collection[str]) -> str:
    name = str(item.value)
    if name not in locations:
        raise item.error(f'= "{name}" is no code location', did_you_mean(name, locations))
    return name


def _elements(item: Item, name: str) -> tuple[Item, ...]:
    found = item.entries.get(name)
    return found.elements if found else ()


def _value(item: Item, name: str) -> object:
    found = item.entries.get(name)
    return found.value if found else None


def asked(
    spec: DeploySpec, waves: Sequence[str] | None, soak: str | None, rollback_on_halt: bool | None
) -> DeploySpec:
    """The fleet's own way, with what a command says instead. Raises ReefError."""
    try:
        ends = spec.ends if waves is None else wave_ends(waves)
    except ValueError as wrong:
        raise ReefError(f"--wave must be {WAVES_ARE}: {describe(wrong)}") from None
    try:
        soak_s = spec.soak_s if soak is None else soak_seconds(soak)
    except ValueError:
        raise ReefError(f"--soak = {soak}, must be a time such as 30s or 2m, or 0") from None
    rolls_back = spec.rollback_on_halt if rollback_on_halt is None else rollback_on_halt
    return DeploySpec(ends, soak_s, spec.order, spec.canary, rolls_back)
