"""The benchmarks' days are the tests' days too; hosts are those of `tests/e2e`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
from shared_hosts import folder, start
from small_disk import small_disk

__all__ = ["folder", "small_disk", "start"]
