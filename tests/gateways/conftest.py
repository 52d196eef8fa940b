"""Tests of gateway processes, over fake clusters, with real certificates and a real code server."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))
sys.path.insert(0, str(Path(__file__).parents[1] / "trust"))

from small_server import recording, small

__all__ = ["recording", "small"]
