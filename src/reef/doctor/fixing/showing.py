"""What `reef doctor --fix` says to people. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterator

from reef.doctor.amounts import size_of
from reef.doctor.fixing.outcome import Change, Cured, Outcome
from reef.words import count


def shown(cured: Cured, folder: str) -> str:
    """`folder`: paths below it are shown relative to it."""
    lines = [line for outcome in cured.outcomes for line in _outcome(outcome, folder)]
    return "\n".join([*lines, summary(cured)])


def summary(cured: Cured) -> str:
    if not cured.outcomes:
        return "no import at module level is worth moving"
    by = {status: sum(one.status == status for one in cured.outcomes) for status in _SAID}
    said = [f"{number} {_SAID[status]}" for status, number in by.items() if number]
    return f"{count(len(cured.outcomes), 'import')}: {', '.join(said)}"


_SAID = {"moved": "moved and proved", "planned": "can be moved", "undone": "undone", "refused": "left"}


def _outcome(outcome: Outcome, folder: str) -> Iterator[str]:
    if outcome.status in ("refused", "undone"):
        verb = "left" if outcome.status == "refused" else "undone"
        where = f"{_short(outcome.file, folder)}:{outcome.line}"
        yield f"{verb}  {outcome.module or 'import'}  {where}: {outcome.reason}"
        return
    yield f"{outcome.status}  {outcome.module or 'import'}"
    for change in outcome.changes:
        yield from _change(change, folder)
    for one in outcome.proved:
        saved = f"{size_of(max(0, one.saved_bytes))} and {max(0.0, one.saved_s):.2f} s less"
        promised = f"promised {size_of(one.promised_bytes)} and {one.promised_s:.2f} s"
        yield f"  {one.location}: {saved} ({promised})"


def _change(change: Change, folder: str) -> Iterator[str]:
    places = ", ".join(f"{place.function} (line {place.line})" for place in change.into)
    asked = "brought when others ask for it" if change.offered else "for type checkers alone"
    where = f"into {places}" if places else asked
    yield f"  {_short(change.file, folder)}:{change.line}: {', '.join(change.names)} {where}"
    for note in change.kept:
        yield f"    {note}"
    for warning in change.warnings:
        yield f"    warning: {warning}"


def _short(file: str, folder: str) -> str:
    return os.path.relpath(file, folder) if file.startswith(f"{folder}/") else file
