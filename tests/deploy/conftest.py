from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from shared_hosts import Start, folder, start
from small_disk import small_disk
from wave_fleet import Waves

__all__ = ["folder", "small_disk", "start", "waves"]


@pytest.fixture(scope="module")
def waves(folder: Path, start: Start) -> Waves:
    return Waves(folder, start)
