"""What the product finds of effects that imports have. The only place here that knows how it is asked."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import corpus

from reef.hosting.plan import ZygotePlan
from reef.hosting.zygote import Tuning, build

BARE = Tuning(rehearsal=False, plug=False, immortal=False)


@dataclasses.dataclass(frozen=True)
class Found:
    """`left_out`: module -> why it must not be preloaded, in words. `preloaded`: what a fork would inherit."""

    left_out: Mapping[str, str]
    failed: Mapping[str, str]
    preloaded: frozenset[str]
    build_s: float


def effects_found(python: Path, modules: Sequence[str], log: Path, shared: Sequence[str] = ()) -> Found:
    """Preload `modules`, which not every location imports, after `shared`, which every one does."""
    has_shared = "shared" in {field.name for field in dataclasses.fields(ZygotePlan)}
    more = {"shared": tuple(shared)} if has_shared else {}
    plan = ZygotePlan("corpus", str(python), _env(), (*shared, *modules), ("one", "two"), **more)  # type: ignore[arg-type]
    return asyncio.run(_found(plan, log))


async def _found(plan: ZygotePlan, log: Path) -> Found:
    zygote = await build(plan, str(log), BARE)
    try:
        built = zygote.built
        return Found(built.left_out, built.failed, frozenset(built.modules), built.build_s)
    finally:
        await zygote.end()


def _env() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DAGSTER_"))}
    return {**kept, **corpus.ENV}
