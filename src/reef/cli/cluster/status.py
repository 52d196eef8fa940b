"""`reef status` on a cluster."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from reef.cli.cluster.history import entry_line
from reef.cli.refreshing import print_status
from reef.cli.status_table import cut
from reef.notes import span
from reef.remote.looking import rows
from reef.remote.reaching import Remote, run
from reef.remote.rows import Row
from reef.words import count, headline

HEADING = ("LOCATION", "OWNER", "PLACEMENT", "VERSION", "PHASE", "READY", "WHERE", "AGE", "NOTE")
MOST_CELL = 40


def show(
    context: str | None, namespace: str | None, location: str | None, watch: bool, as_json: bool
) -> None:
    """Once, or with `watch` until Ctrl-C. Raises ReefError."""

    async def look(remote: Remote) -> tuple[str, list[Row]]:
        return remote.namespace, await rows(remote, location)

    def text() -> str:
        there, found = run(context, namespace, look)
        data = {"namespace": there, "context": context, "locations": found}
        return json.dumps(data) if as_json else _for_people(there, found, full=location is not None)

    print_status(text, watch=watch, as_json=as_json)


def _for_people(namespace: str, found: Sequence[Row], *, full: bool) -> str:
    if full:
        return "\n".join(details(found[0]))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return "\n".join([*table(found, width), "", totals(namespace, found)])


def table(found: Sequence[Row], width: int | None = None) -> list[str]:
    """`width` in characters; None: no bound."""
    lines = [HEADING, *map(_cells, found)]
    last = len(HEADING) - 1
    widths = [min(MOST_CELL, max(len(line[column]) for line in lines)) for column in range(last)]
    done = ["  ".join([*map(_fit, line[:-1], widths), line[-1]]).rstrip() for line in lines]
    return done if width is None else [cut(line, width) for line in done]


def totals(namespace: str, found: Sequence[Row]) -> str:
    """One line that counts."""
    phases = Counter(each["phase"] for each in found)
    said = ", ".join(f"{number} {phase}" for phase, number in sorted(phases.items()))
    return f"namespace {namespace}: {count(len(found), 'location')}" + (f": {said}" if said else "")


def _cells(each: Row) -> tuple[str, ...]:
    return (
        each["name"],
        each["owner"] or "-",
        each["placement"] or "-",
        (each["version"] or "-")[:12],
        each["phase"],
        {True: "yes", False: "no", None: "-"}[each["ready"]],
        where(each),
        "-" if each["age_s"] is None else span(each["age_s"]),
        _note(each),
    )


def _fit(cell: str, width: int) -> str:
    return cut(cell, width).ljust(width)


def where(each: Row) -> str:
    """Its pod, or the pack or the server that it is to be found at."""
    return str(each["pod"] or each["pack"] or each["target"] or each["deployment"] or "-")


def _note(each: Row) -> str:
    parts = []
    if each["paused"]:
        parts.append("paused")
    if each["pinned"]:
        parts.append(f"rolled back to {each['pinned'][:12]}")
    if each["phase"] not in ("served", "paused"):
        parts.append(headline(each["message"]))
    if each["service"] not in (None, "reef", "cutover"):
        parts.append(f"its Service is of {each['service']}: not cut over")
    return "; ".join(filter(None, parts))


def details(each: Row) -> list[str]:
    """One location in full."""
    plain = {
        "location": each["name"] + _other_name(each),
        "namespace": each["namespace"],
        "owner": each["owner"],
        "phase": each["phase"],
        "version": each["version"],
        "rolled back to": each["pinned"],
        "placement": each["placement"] and f"{each['placement']}: {each['placement_reason']}",
        "image": each["image"],
        "digest": each["digest"],
        "pack": each["pack"],
        "deployment": each["deployment"],
        "server": each["target"],
        "pod": each["pod"] or each["no_pod"],
        "container": each["container"],
        "node": each["node"],
        "address": each["address"],
        "service": _SERVICE.get(each["service"], each["service"]),
        "age": None if each["age_s"] is None else span(each["age_s"]),
    }
    width = max(map(len, plain))
    lines = [f"{name.ljust(width)}  {value}" for name, value in plain.items() if value]
    if each["conditions"]:
        lines += ["", "conditions", *map(_condition, each["conditions"])]
    if each["history"]:
        lines += ["", "promoted", *(f"  {entry_line(one)}" for one in each["history"])]
    return lines


_SERVICE = {"reef": "Reef's own", "cutover": "cut over to Reef"}


def _other_name(each: Row) -> str:
    return "" if each["location_name"] == each["name"] else f" ({each['location_name']!r} in Dagster)"


def _condition(one: dict[str, Any]) -> str:
    return f"  {one['type']}={one['status']}  {one['reason']}: {one['message']}"
