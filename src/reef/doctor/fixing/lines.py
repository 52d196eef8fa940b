"""Where a line of a file stands after the file was changed. Pure."""

from __future__ import annotations

import difflib


def line_now(before: bytes, after: bytes, line: int) -> int | None:
    """The line, from 1, of `after` that was `line` of `before`; None where it is there no more."""
    if before == after:
        return line
    old, new = before.splitlines(), after.splitlines()
    for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        if block.a <= line - 1 < block.a + block.size:
            return block.b + (line - 1 - block.a) + 1
    return None


def unified(path: str, before: bytes, after: bytes) -> str:
    """As `git diff` and `patch` read it; `path` without a leading slash."""
    old, new = (text.decode("utf-8", "surrogateescape").splitlines(keepends=True) for text in (before, after))
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
