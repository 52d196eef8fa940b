"""Tests against real code servers, which are shared as far as tests leave them as they were."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))

from small_server import recording, small

__all__ = ["recording", "small"]
