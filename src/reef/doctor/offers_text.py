"""Offers of shared services for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from reef.doctor.amounts import size_of, time_of
from reef.doctor.offers import Offer
from reef.words import count, shortened

MOST = 5


def offers_text(offers: Sequence[Offer], width: int) -> list[str]:
    """Four lines for each: what it costs now, with a lazy import and as a service, and when that pays."""
    lines: list[str] = []
    for one in offers[:MOST]:
        lines += [shortened(line, width) for line in _offer(one)]
    if len(offers) > MOST:
        lines.append(f"{len(offers) - MOST} more could be shared services: see --json")
    return [*lines, ""] if lines else []


def _offer(one: Offer) -> list[str]:
    each, number = size_of(one.library_bytes), len(one.locations)
    wait = f", {time_of(one.import_s)} to import"
    return [
        f"{one.library}: {count(number, 'location')} only {'needs' if number == 1 else 'need'} it to run, "
        "so it could be a shared service (`services` in reef.yaml)",
        f"    as it is       {size_of(one.now_bytes):>8}  in servers that are up, and {each} more in each run",
        f"    lazy import    {each:>8}  in each run that uses it{wait}",
        f"    as a service   {size_of(one.service_bytes):>8}  once while it is used{wait}, "
        f"and {one.call_s * 1000:.0f} ms a call",
        f"    a service takes less memory than a lazy import from {one.pays_from} runs at the same time on",
    ]
