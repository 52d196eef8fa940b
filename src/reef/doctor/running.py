"""Examines many locations, as many at once as there are cores, and says how far it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from reef.doctor.examining import Examined, Wishes, examine
from reef.doctor.findings import Costs, Diagnosis, Trouble
from reef.fleet.model import Location
from reef.words import classed

Progress = Callable[[int, int, Diagnosis], None]
"""How many are done, of how many, and the one that was done last."""


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def examine_all(
    locations: Sequence[Location],
    environ: Mapping[str, str],
    wishes: Wishes,
    jobs: int,
    progress: Progress,
) -> list[Examined]:
    """In the order given. Blocks. What one location does never ends the others."""
    found: dict[str, Examined] = {}
    pool = ThreadPoolExecutor(max(1, min(jobs, len(locations) or 1)))
    try:
        asked = {pool.submit(_examined, one, environ, wishes): one.name for one in locations}
        for done, future in enumerate(as_completed(asked), 1):
            found[asked[future]] = future.result()
            progress(done, len(locations), future.result().diagnosis)
    finally:  # after Ctrl-C nothing else is begun
        pool.shutdown(cancel_futures=True)
    return [found[one.name] for one in locations]


def _examined(spec: Location, environ: Mapping[str, str], wishes: Wishes) -> Examined:
    try:
        return examine(spec, environ, wishes)
    except Exception as error:  # a mistake of the doctor's own concerns this location alone
        trouble = Trouble(kind="partial", message=f"the doctor itself failed: {classed(error)}")
        return Examined(
            Diagnosis(location=spec.name, load=Costs(), own=Costs(), definitions={}, trouble=(trouble,))
        )
