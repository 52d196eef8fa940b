from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from shared_hosts import folder, start

__all__ = ["folder", "start"]
