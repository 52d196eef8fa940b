from __future__ import annotations

from conftest_hosting import code, host, modules, plan_for, short_tmp, warmed

__all__ = ["code", "host", "modules", "plan_for", "short_tmp", "warmed"]
