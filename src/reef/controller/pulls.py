"""How long images take to pull and how large they are, as kubelet says it in its events. It says it nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PULLED = "reason=Pulled"  # field selector
_SENTENCE = re.compile(
    r'Successfully pulled image "(?P<image>[^"]+)" in (?P<took>[\d.hmsµu]+)'
    r"(?:.*?Image size: (?P<bytes>\d+) bytes)?"
)
_PIECE = re.compile(r"([\d.]+)(h|ms|µs|us|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6}


@dataclass(frozen=True)
class Pull:
    """`bytes` None: an older kubelet does not say it."""

    seconds: float
    bytes: int | None


def pulls(events: Iterable[Mapping[str, Any]]) -> dict[str, Pull]:
    """Image, as the pod asked for it -> its newest pull."""
    found: dict[str, Pull] = {}
    for event in sorted(
        events, key=lambda each: str(each.get("lastTimestamp") or each.get("eventTime") or "")
    ):
        sentence = _SENTENCE.search(str(event.get("message") or ""))
        if sentence and (seconds := duration_s(sentence["took"])) is not None:
            found[sentence["image"]] = Pull(seconds, int(sentence["bytes"]) if sentence["bytes"] else None)
    return found


def duration_s(text: str) -> float | None:
    """Of a duration as Go writes it (`1m2.5s`, `850ms`); None for what is none."""
    pieces = _PIECE.findall(text)
    if not pieces or "".join(f"{number}{unit}" for number, unit in pieces) != text:
        return None
    try:
        return sum(float(number) * _SECONDS[unit] for number, unit in pieces)
    except ValueError:
        return None
