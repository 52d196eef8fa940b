"""Where things are: what is built is kept between runs, what runs is not."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache() -> Path:
    """REEF_CLUSTER_CACHE, or a folder below the user's cache folder."""
    if own := os.environ.get("REEF_CLUSTER_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reef-cluster"


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Two that make the same thing at the same time wait for one another."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / f"{what}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
