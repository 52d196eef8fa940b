"""Objects of an API server are those of tests/clusterapi, databases those of tests/records."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "clusterapi"))
sys.path.insert(0, str(Path(__file__).parents[1] / "records"))
sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

from databases import postgres, url

__all__ = ["postgres", "url"]
