"""Whether loads before and after a move prove it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reef.doctor.amounts import size_of
from reef.doctor.findings import Loaded
from reef.doctor.fixing.wanted import Promise
from reef.words import count

MIB = 1 << 20
# What the diagnosis and two loads may be apart for other reasons.
PART_OF_BYTES, LEAST_BYTES = 0.15, 4 * MIB
PART_OF_SECONDS, LEAST_SECONDS = 0.40, 0.10


@dataclass(frozen=True)
class Measured:
    """The least of several loads of the same source: what else the machine does only adds."""

    digests: tuple[str, ...]
    private_bytes: int
    wall_s: float
    threads: int = 0
    children: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Verdict:
    """`wrong`: why the move is no cure; "" for a proved one. `slow`: time alone is missing, which another
    load may bring."""

    saved_bytes: int
    saved_s: float
    wrong: str = ""
    slow: bool = False


def measured(loads: Sequence[Loaded]) -> Measured:
    trouble = next((one.message for load in loads for one in load.trouble), "")
    return Measured(
        tuple(dict.fromkeys(load.definitions_digest for load in loads)),
        min((load.costs.private_bytes for load in loads), default=0),
        min((load.costs.wall_s for load in loads), default=0.0),
        min((load.costs.threads for load in loads), default=0),
        min((load.costs.children for load in loads), default=0),
        trouble,
    )


def why_unprovable(before: Measured) -> str:
    """Why nothing can be proved of this location; "" where something can."""
    if before.trouble or "" in before.digests:
        return f"it does not load as it is: {before.trouble or 'it has no definitions'}"
    if len(before.digests) > 1:
        return "its definitions are others at each load, so nothing tells what a move changes"
    return ""


def is_promise(promise: Promise) -> bool:
    """Whether it is large enough to be seen in a load."""
    seen = promise.bytes > LEAST_BYTES or promise.seconds > LEAST_SECONDS
    return seen or promise.threads > 0 or promise.children > 0


def judge(before: Measured, after: Measured, promise: Promise) -> Verdict:
    saved_bytes, saved_s = before.private_bytes - after.private_bytes, before.wall_s - after.wall_s
    wrong, slow = _wrong(before, after, promise), False
    least_bytes = promise.bytes - max(LEAST_BYTES, PART_OF_BYTES * promise.bytes)
    least_s = promise.seconds - max(LEAST_SECONDS, PART_OF_SECONDS * promise.seconds)
    if not wrong and saved_bytes < least_bytes:
        wrong = f"memory fell by {size_of(saved_bytes)}, {size_of(promise.bytes)} were promised"
    if not wrong and promise.seconds > LEAST_SECONDS and saved_s < least_s:
        wrong, slow = f"loading took {saved_s:.2f} s less, {promise.seconds:.2f} s were promised", True
    return Verdict(saved_bytes, saved_s, wrong, slow)


def _wrong(before: Measured, after: Measured, promise: Promise) -> str:
    if after.trouble:
        return f"it does not load with the import moved: {after.trouble}"
    if after.digests != before.digests:
        return "its definitions are not the same with the import moved"
    for what, promised, was, now in (
        ("thread", promise.threads, before.threads, after.threads),
        ("program", promise.children, before.children, after.children),
    ):
        if now > max(0, was - promised):  # what has ended by itself before the load is over is not seen
            return f"{count(promised, what)} less promised, {was} before and {now} after the load"
    return ""
