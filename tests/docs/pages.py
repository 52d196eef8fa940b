"""Reading the pages of the docs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_HEADING = re.compile(r"^(#+) (.+)$")
_FENCE = re.compile(r"^(```|~~~)")


def pages() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def sections(page: Path) -> dict[str, list[str]]:
    """Heading -> its own lines, without those of deeper headings."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    fenced = False
    for line in page.read_text("utf-8").splitlines():
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading:
            current = found.setdefault(heading[2], [])
        else:
            current.append(line)
    return found


def first_cells(lines: list[str]) -> list[str]:
    """The first cell of each row of a table, without its heading."""
    rows = [line for line in lines if line.startswith("|")]
    return [re.split(r"(?<!\\)\|", row)[1].strip().replace("\\|", "|") for row in rows[2:]]


def code_in(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    plain = re.sub(r"[^\w\- ]", "", heading.lower().replace("`", ""))
    return plain.replace(" ", "-")
