from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hosting"))

from conftest_hosting import code, host, modules, plan_for, short_tmp, warmed

__all__ = ["code", "host", "modules", "plan_for", "short_tmp", "warmed"]
