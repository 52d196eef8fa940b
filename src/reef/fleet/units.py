"""Sizes of memory and spans of time as people write them."""

from __future__ import annotations

import math
import re
from typing import Literal

SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|K|M|G|T)?B?$"
SPAN_PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"
IDLE_PATTERN = rf"^never$|{SPAN_PATTERN}"
REVALIDATE_PATTERN = r"^(on_wake|never|every +([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+)$"
SHORTEST_REVALIDATION_S = 1.0

_SIZES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZES |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_SPANS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def size_bytes(written: str | int) -> int:
    """`512Mi`, `1Gi`, `500M`, `1.5G`, or a number of bytes. Raises ValueError."""
    text = str(written)
    if isinstance(written, bool) or not re.fullmatch(SIZE_PATTERN, text):
        raise ValueError(written)
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*?)B?", text).groups()  # type: ignore[union-attr]
    size = round(float(number) * _SIZES[unit]) if "." in number else int(number) * _SIZES[unit]
    if size < 1:
        raise ValueError(written)
    return size


def size_text(size: int) -> str | int:
    """The shortest spelling that reads back as the same number of bytes."""
    for unit in ("Ti", "Gi", "Mi", "Ki", "T", "G", "M"):
        if size % _SIZES[unit] == 0:
            return f"{size // _SIZES[unit]}{unit}"
    return size


def span_s(written: str) -> float:
    """Seconds of `30s`, `10m`, `1h30m`; infinity for `never`. Raises ValueError."""
    if written == "never":
        return math.inf
    if not re.fullmatch(SPAN_PATTERN, written):
        raise ValueError(written)
    span = sum(
        float(number) * _SPANS_S[unit] for number, unit in re.findall(r"([0-9.]+)(ms|[smhd])", written)
    )
    if span <= 0:
        raise ValueError(written)
    return span


def span_text(seconds: float) -> str:
    """A spelling that reads back as the same span."""
    if math.isinf(seconds):
        return "never"
    for unit in ("h", "m", "s"):
        if seconds % _SPANS_S[unit] == 0:
            return f"{int(seconds / _SPANS_S[unit])}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def revalidation(written: str) -> Literal["on_wake", "never"] | float:
    """`on_wake`, `never`, or the seconds of `every 10m`. Raises ValueError, also for less than a second."""
    if written == "on_wake" or written == "never":
        return "on_wake" if written == "on_wake" else "never"
    if not re.fullmatch(REVALIDATE_PATTERN, written):
        raise ValueError(written)
    seconds = span_s(written.removeprefix("every").strip())
    if seconds < SHORTEST_REVALIDATION_S:
        raise ValueError(written)
    return seconds


def revalidation_text(chosen: str | float) -> str:
    """A spelling that reads back as the same."""
    return chosen if isinstance(chosen, str) else f"every {span_text(chosen)}"
