"""A values file that is nearly right, put right: its own lines and comments, with as few changes as can be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reef.errors import Where


@dataclass(frozen=True)
class Edit:
    """At the line of a key: another key, another value, more lines of the same map, or a map around what is below."""

    where: Where
    key: str
    new_key: str | None = None
    value: str | None = None
    more: tuple[str, ...] = ()
    around: tuple[str, ...] = ()


def corrected(text: str, edits: Sequence[Edit]) -> str | None:
    """The text with all edits, None where a line is not of the plain form that can be edited."""
    lines = text.splitlines()
    for edit in sorted(edits, key=lambda each: each.where.line or 0, reverse=True):
        number = (edit.where.line or 0) - 1
        if not 0 <= number < len(lines):
            return None
        found = re.match(rf"^(\s*(?:-\s+)*)([\"']?{re.escape(edit.key)}[\"']?)(\s*:)(.*)$", lines[number])
        if found is None:
            return None
        lines = _edited(lines, number, edit, found)
    return "\n".join(lines) + "\n"


def _edited(lines: list[str], number: int, edit: Edit, found: re.Match[str]) -> list[str]:
    lead, key, colon, rest = found.groups()
    if edit.value is not None:
        comment = re.search(r"\s+#.*$", rest)
        rest = f" {edit.value}{comment.group() if comment else ''}"
    indent = " " * len(lead)
    first = f"{lead}{edit.new_key or key}{colon}{rest}"
    below = [f"{indent}{each}" for each in edit.more]
    if not edit.around:
        return [*lines[:number], first, *below, *lines[number + 1 :]]
    end = _end_of_block(lines, number, len(lead))
    inner = [f"  {line}" if line.strip() else line for line in lines[number + 1 : end]]
    return [*lines[:number], first, *(f"{indent}  {each}" for each in edit.around), *inner, *lines[end:]]


def _end_of_block(lines: Sequence[str], number: int, indent: int) -> int:
    """The first line after what is below a key; a list may begin in the key's own column."""
    for index in range(number + 1, len(lines)):
        line = lines[index]
        plain = line.strip()
        column = len(line) - len(line.lstrip())
        if (
            plain
            and not plain.startswith("#")
            and (column < indent or (column == indent and not plain.startswith("- ")))
        ):
            return index
    return len(lines)
