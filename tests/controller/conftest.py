"""Prometheus and its programs are those of tests/metrics."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("metrics", "e2e"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
