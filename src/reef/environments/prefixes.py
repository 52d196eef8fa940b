"""Modules that look through the whole environment: what they look for.

`for name in os.environ: if name.startswith("TQDM_")` reads every variable, but only some count. The names and
prefixes that a module looks for are in its source as text. Where it may keep a copy of everything, all count.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import lru_cache

from reef.hosting.plan import WarmedModule

EVERYTHING = "*"
_LOOKS_LIKE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*_|[A-Z][A-Z0-9_]{2,}")
_KEEPS_A_COPY = re.compile(
    r"environ\s*\.\s*copy | (copy|dict|list)\s*\(\s*(os\.)?environ | \*\*\s*(os\.)?environ | environ\s*\|",
    re.VERBOSE,
)


def narrowed(module: WarmedModule) -> WarmedModule:
    """The module with `PREFIX*` in place of "*", where its source tells. Reads its file, once."""
    if EVERYTHING not in module.env_read:
        return module
    wanted = _wanted(module.file)
    if not wanted:
        return replace(module, env_read=(EVERYTHING,))
    named = (name for name in module.env_read if name in wanted)
    return replace(module, env_read=tuple(dict.fromkeys((*named, *(f"{name}*" for name in sorted(wanted))))))


@lru_cache(maxsize=256)
def _wanted(file: str) -> frozenset[str]:
    """The texts in a source file that could be names of variables or begin them; none where it is not clear."""
    try:
        with open(file, encoding="utf-8") as source:
            text = source.read()
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    if _KEEPS_A_COPY.search(text):
        return frozenset()
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(t for t in texts if isinstance(t, str) and _LOOKS_LIKE_NAME.fullmatch(t))
