"""Where things are: what is built is kept between runs, what runs is not."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_KEPT_S = 7 * 86400.0


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


def runs() -> Path:
    """Below it, a folder for each cluster."""
    return cache() / "run"


def own_run() -> Path:
    """Of this checkout's cluster: two checkouts on one machine do not meet."""
    return runs() / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]


def used(*folders: Path) -> None:
    """Marks what was made, and removes what lies beside it and was not used for a week."""
    for folder in folders:
        os.utime(folder)
    for other in {other for folder in folders for other in folder.parent.iterdir()}:
        if time.time() - other.stat().st_mtime > _KEPT_S:
            shutil.rmtree(other, ignore_errors=True)
