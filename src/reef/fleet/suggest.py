"""Hints for what was mistyped."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_TEMPLATE = re.compile(r"\$\{[A-Za-z_]\w*[^}]*\}|\{\{|\{%")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or all of them where none is near."""
    words = list(known)
    spelt = {each.replace("_", "").lower(): each for each in words}
    near = difflib.get_close_matches(word.replace("_", "").replace("-", "").lower(), spelt, n=1, cutoff=0.6)
    return f"did you mean {spelt[near[0]]}?" if near else f"known here: {', '.join(sorted(words))}"


def template_hint(text: str) -> str | None:
    """A hint where the text looks as if it still had to go through envsubst, Jinja or Helm."""
    found = _TEMPLATE.search(text)
    if found is None:
        return None
    return (
        f"the text has {found.group()!r}: if this file is a template, render it first (envsubst, Jinja, Helm)"
    )
