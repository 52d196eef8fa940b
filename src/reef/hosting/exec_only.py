"""What only counts when a program is executed: where a location differs in it from a zygote, it cannot fork."""

from __future__ import annotations

from reef.hosting.contract import ChildSpec
from reef.hosting.plan import ZygotePlan

NAMES = frozenset(
    {
        "PYTHONHASHSEED",
        "PYTHONOPTIMIZE",
        "PYTHONUTF8",
        "PYTHONIOENCODING",
        "PYTHONMALLOC",
        "PYTHONHOME",
        "PYTHONDEBUG",
        "PYTHONDEVMODE",
        "PYTHONINSPECT",
        "PYTHONNOUSERSITE",
        "PYTHONUSERBASE",
        "PYTHONPLATLIBDIR",
        "PYTHONTRACEMALLOC",
        "PYTHONFAULTHANDLER",
        "PYTHONCOERCECLOCALE",
        "PYTHONINTMAXSTRDIGITS",
        "PYTHON_GIL",
        "PYTHON_FROZEN_MODULES",
        "PYTHONNODEBUGRANGES",
        "PYTHONPROFILEIMPORTTIME",
        "GLIBC_TUNABLES",
        "LANG",
        "LANGUAGE",
    }
)
PREFIXES = ("LD_", "LC_", "MALLOC_")


def of(env: dict[str, str]) -> dict[str, str]:
    """The variables of `env` that only count at exec; an empty value counts as none."""
    return {
        name: value for name, value in env.items() if value and (name in NAMES or name.startswith(PREFIXES))
    }


def difference(plan: ZygotePlan, spec: ChildSpec) -> str | None:
    """Why a child of `spec` cannot be forked from `plan`'s zygote, for people."""
    zygote, child = of(dict(plan.env)), of(dict(spec.env))
    names = sorted(name for name in zygote.keys() | child.keys() if zygote.get(name) != child.get(name))
    if names:
        return f"{', '.join(names)} differs from its zygote's, and counts only when a program is started"
    return None
