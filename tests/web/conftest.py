"""One folder and its hosts for the tests of a module, and one browser."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from browsers import browser
from shared_hosts import folder, start

__all__ = ["browser", "folder", "start"]
