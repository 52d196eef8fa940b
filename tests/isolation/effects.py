"""What the product finds of effects that imports have. The only place here that knows how it is asked."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import corpus

from reef.hosting.plan import ZygotePlan
from reef.hosting.zygote import Tuning, build

BARE = Tuning(rehearsal=False, plug=False, immortal=False)


@dataclasses.dataclass(frozen=True)
class Found:
    """`left_out`: module -> why it must not be preloaded, in words. `added`: module -> what it adds to others, which
    is taken back until somebody imports it. `preloaded`: what a fork would inherit.
    `rounds`: how many forks imported `countlib`, which is in every plan; the last one found nothing, and the zygote,
    which is not counted, imported it after that."""

    left_out: Mapping[str, str]
    added: Mapping[str, str]
    failed: Mapping[str, str]
    preloaded: frozenset[str]
    rounds: int


def effects_found(python: Path, modules: Sequence[str], log: Path, shared: tuple[str, ...] = ()) -> Found:
    """Preload `modules`, which not every location imports, after `shared`, which every one does."""
    count = log.with_suffix(".count")
    count.unlink(missing_ok=True)
    return asyncio.run(_found(plan_of(python, modules, shared, CORPUS_COUNT=str(count)), log, count))


def plan_of(python: Path, modules: Sequence[str], shared: tuple[str, ...], **more: str) -> ZygotePlan:
    """For two locations, `one` and `two`. As in a fleet's plans, whatever an import of `shared` imports is shared."""
    env = environment_of(**more)
    every = whole_of(python, shared)
    return ZygotePlan("corpus", str(python), env, (*every, *modules), ("one", "two"), shared=every)


@cache
def whole_of(python: Path, modules: tuple[str, ...]) -> tuple[str, ...]:
    """These modules and what they import, in the order in which the imports began; without what has no file."""
    script = (
        "import sys, importlib\nbefore = set(sys.modules)\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*(n for n, m in sys.modules.items() if n not in before and getattr(m, '__file__', None)))"
    )
    command = [str(python), "-I", "-c", script, *modules]
    return tuple(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def environment_of(**more: str) -> dict[str, str]:
    """What a process that imports the corpus has; texts that follow the order of sets are always the same."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DAGSTER_"))}
    return {**kept, **corpus.ENV, "PYTHONHASHSEED": "0", **more}


async def _found(plan: ZygotePlan, log: Path, count: Path) -> Found:
    zygote = await build(plan, str(log), BARE)
    try:
        built = zygote.built
        left_out = {name: why.words for name, why in built.left_out.items()}
        return Found(
            left_out,
            built.added,
            built.failed,
            frozenset(built.modules),
            len(count.read_text().splitlines()) - 1,
        )
    finally:
        await zygote.end()
