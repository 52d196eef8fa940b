"""The table of `reef status`, for people: as wide as the terminal, no wider."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from reef.notes import note
from reef.words import count, headline, leaves_out

COLUMNS = ("LOCATION", "OWNER", "STATE", "VERSION", "OWN MB", "SHARED", "WAKES", "COLD s", "CALLS", "NOTE")
SERVICE_COLUMNS = ("SERVICE", "STATE", "OWN MB", "CALLS", "NOTE")
GIVEN_UP = ("VERSION", "CALLS", "OWNER", "SHARED", "COLD s")  # in this order, where the terminal is narrow
MOST_LEFT_OUT = 5
LEAST_NOTE, LEAST_NAME, ROOMY_NAME = 20, 12, 24
Line = tuple[str, ...]


def render(
    status: dict[str, Any], width: int | None = None, height: int | None = None, *, full: bool = False
) -> str:
    """`width` and `height` in characters and lines; None: no bound. `full`: all that is known of each location."""
    totals = totals_of(status)
    services = [] if full else services_of(status, width)
    rows = status["locations"]
    # heading, rest, blank, prompt
    shown = rows if height is None else _most_lively(rows, height - len(totals) - len(services) - 4)
    lines = table([_row(row) for row in shown], width)
    if len(shown) < len(rows):
        lines.append(f"and {len(rows) - len(shown)} more")
    if full:
        lines += ["", *(f"{name}: {_plain(value)}" for row in shown for name, value in row.items())]
    lines += services
    return "\n".join([*lines, "", *(line if width is None else cut(line, width) for line in totals)])


def _plain(value: object) -> str:
    return value.rstrip() if isinstance(value, str) else json.dumps(value)


def _most_lively(rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """In their order, but where there is no room for all, those that are asleep give way."""
    if len(rows) <= most:
        return rows
    awake = [row for row in rows if row["state"] != "asleep"]
    asleep = [row for row in rows if row["state"] == "asleep"]
    return [*awake, *asleep][: max(1, most)]


def table(rows: Sequence[Line], width: int | None) -> list[str]:
    """Heading and rows; columns that nobody fills are left out, others where the terminal is too narrow."""
    names = [
        name for name in COLUMNS if name != "OWNER" or any(row[COLUMNS.index("OWNER")] != "-" for row in rows)
    ]
    if width is not None:
        names = _fitting(names, rows, width)
    chosen = [COLUMNS.index(name) for name in names]
    widths = [_width(column, rows) for column in chosen[:-1]]
    if width is not None:
        spare = width - _taken(widths) - LEAST_NOTE
        widths[0] = max(LEAST_NAME, min(widths[0], widths[0] + spare))
    return [_line([line[column] for column in chosen], widths, width) for line in (COLUMNS, *rows)]


def services_of(status: dict[str, Any], width: int | None) -> list[str]:
    """A blank line, a heading and a line for each shared service; nothing where there is none."""
    rows = [
        (
            name,
            each["state"],
            mb(each["private_bytes"]),
            str(each["calls"]),
            headline(each["error"] or each["last_error"]),
        )
        for name, each in status.get("services", {}).items()
    ]
    if not rows:
        return []
    whole = (SERVICE_COLUMNS, *rows)
    widths = [max(len(row[column]) for row in whole) for column in range(len(SERVICE_COLUMNS) - 1)]
    return ["", *(_line(row, widths, width) for row in whole)]


def _fitting(names: list[str], rows: Sequence[Line], width: int) -> list[str]:
    for name in GIVEN_UP:
        widths = [_width(COLUMNS.index(each), rows) for each in names[:-1]]
        widths[0] = min(widths[0], ROOMY_NAME)
        if _taken(widths) + LEAST_NOTE <= width:
            break
        names = [each for each in names if each != name]
    return names


def _width(column: int, rows: Sequence[Line]) -> int:
    return max(len(line[column]) for line in (COLUMNS, *rows))


def _taken(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * len(widths)


def _line(cells: Sequence[str], widths: Sequence[int], width: int | None) -> str:
    padded = [cut(cell, size).ljust(size) for cell, size in zip(cells[:-1], widths, strict=True)]
    line = "  ".join([*padded, cells[-1]]).rstrip()
    return line if width is None else cut(line, width)


def cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: max(0, size - 1)] + "…"


def _row(row: dict[str, Any]) -> Line:
    cold = row["last_cold_start_s"]
    return (
        row["name"],
        row["owner"] or "-",
        row["state"],
        (row["version"] or "-")[:8],
        mb(row["private_bytes"]),
        mb(row["shared_bytes"]),
        str(row["wakes"]),
        "-" if cold is None else f"{cold:.2f}",
        str(row["calls"]),
        note(row),
    )


def mb(size: int | None) -> str:
    return "-" if not size else _mb(size)


def _mb(size: float | None) -> str:
    return f"{(size or 0) / 1e6:.1f}"


def totals_of(status: dict[str, Any]) -> list[str]:
    totals, host = status["totals"], status["host"]
    states = ", ".join(f"{number} {state}" for state, number in sorted(totals["states"].items()))
    return [
        f"{count(totals['locations'], 'location')}: {states}",
        *(line for zygote in status["zygotes"] for line in _zygote(zygote)),
        f"memory: {_mb(totals['reef_pss_bytes'])} MB in all: host {_mb(host['pss_bytes'])}, zygotes "
        f"{_mb(totals['zygotes_pss_bytes'])}, locations {_mb(totals['children_pss_bytes'])}",
        f"a server for each location would take about {_mb(totals['standing_estimate_bytes'])} MB",
        *_deploy(status.get("deploy")),
    ]


def _deploy(deploy: dict[str, Any] | None) -> list[str]:
    """One that is under way, was cut off or halted."""
    if deploy is None:
        return []
    state = {"running": "is under way", "interrupted": "was cut off: `reef deploy --resume` or `--abandon`"}
    text = f"deploy {deploy['id']} {state.get(deploy['state'], 'was halted')}; wave {deploy['wave']} of "
    text += f"{deploy['waves']}, {deploy['promoted']} promoted, {len(deploy['not_reached'])} not reached"
    left_s = deploy["soak_left_s"]
    return [text if left_s is None else f"{text}, watched for {left_s:.0f} s more"]


def _zygote(zygote: dict[str, Any]) -> list[str]:
    """What it is, what it leaves out and at what price, and why no newer one stands in its place."""
    left_out = zygote["left_out"]
    lines = [
        f"zygote {zygote['key'][:8]}: {_mb(zygote['pss_bytes'])} MB, {count(zygote['modules'], 'module')}, serves "
        f"{zygote['locations']} of {zygote['python']} ({', '.join(zygote['features'])})",
        *(f"  {leaves_out(one['name'], one['why'], one['import_s'])}" for one in left_out[:MOST_LEFT_OUT]),
    ]
    if len(left_out) > MOST_LEFT_OUT:
        lines.append(f"  and {len(left_out) - MOST_LEFT_OUT} more: see `reef status --json`")
    if zygote["successor_failed"]:
        lines.append(f"  stays, for the next one failed: {headline(zygote['successor_failed'])}")
    return lines
