"""What the terminal says of one round of `--watch`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reef.words import count

MOST_NAMES = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one location; `text` says why it does not load, or why it is pinned."""

    location: str
    kind: Literal["promoted", "failed", "pinned"]
    text: str = ""


def lines(outcomes: Sequence[Outcome], paths: Sequence[str], seconds: float, folder: str) -> list[str]:
    """One line for the round, and one for each location that does not load. Paths below `folder` are shortened."""
    done = [one for one in outcomes if one.kind == "promoted"]
    failed = [one for one in outcomes if one.kind == "failed"]
    pinned = [one for one in outcomes if one.kind == "pinned"]
    parts = [
        *([f"{_names(done)} promoted"] if done else []),
        *([f"{_names(failed)} {_do(failed)} not load"] if failed else []),
    ]
    cause = _cause(paths, folder)
    said = [f"watch: {cause}{', '.join(parts)} in {seconds:.1f} s"] if parts else []
    said += [f"  {one.location}: {_shortened(one.text, folder)}" for one in failed[:MOST_NAMES]]
    if len(failed) > MOST_NAMES:
        said.append(f"  and {len(failed) - MOST_NAMES} more: see `reef status`")
    said += [
        f"watch: {cause}{one.location} is pinned and goes on as it is ({one.text}); "
        f"`reef deploy {one.location}` takes the change"
        for one in pinned[:MOST_NAMES]
    ]
    return said


def _cause(paths: Sequence[str], folder: str) -> str:
    if not paths:
        return ""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{_shortened(paths[0], folder)}{more} changed: "


def _shortened(text: str, folder: str) -> str:
    return text.replace(f"{folder}/", "") if folder != "/" else text


def _names(those: Sequence[Outcome]) -> str:
    if len(those) > MOST_NAMES:
        return count(len(those), "location")
    return ", ".join(one.location for one in those)


def _do(those: Sequence[Outcome]) -> str:
    return "does" if len(those) == 1 else "do"
