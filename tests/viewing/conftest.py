"""Objects of an API server are those of tests/clusterapi."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("clusterapi", "web"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
