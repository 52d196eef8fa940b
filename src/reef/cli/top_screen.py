"""One screen of `reef top`: as wide and as high as the terminal, no wider and no higher. Pure."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from reef.cli.top_state import STATES, Row, TopState
from reef.notes import mb, note, span
from reef.words import count

MARKS = {
    "failed": "▲",
    "waking": "◐",
    "warm": "●",
    "loading": "◐",
    "draining": "◒",
    "unprobed": "◌",
    "asleep": "○",
}
STYLES = {
    "failed": "bold red",
    "waking": "yellow",
    "warm": "green",
    "loading": "yellow",
    "draining": "yellow",
}
BLOCKS = " ▁▂▃▄▅▆▇█"
SPARK_W, BAR_W, LEAST_NAME, MOST_NAME, LEAST_NOTE = 15, 9, 16, 30, 14
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
HELP = "/ filter  1-6 or s sort  r other way  ↑↓ Enter one location  q quit"


@dataclass(frozen=True)
class Column:
    """`sort` is its number among the keys that sort, "" for none."""

    title: str
    width: int
    cell: Callable[[Row, float], tuple[str, str]]  # text and style
    sort: str = ""
    right: bool = False


def screen(
    status: dict[str, Any], rows: list[Row], chosen: TopState, width: int, height: int, trouble: str
) -> Text:
    """`rows` are those that are shown, in order."""
    top = _totals(status, width)
    body = height - len(top) - 2
    if chosen.open:
        lines = _one(next((row for row in rows if row["name"] == chosen.open), None), width)[:body]
    else:
        lines = _table(rows, chosen, status["host"].get("default_limit_bytes"), width, body)
    lines += [Text("")] * (body - len(lines))
    return Text("\n").join([*top, Text(""), *lines, _foot(rows, status, chosen, width, trouble)])


# -- above and below ---------------------------------------------------------------------------------


def _totals(status: dict[str, Any], width: int) -> list[Text]:
    totals, numbers = status["totals"], status["totals"]["states"]
    used, standing = totals["reef_pss_bytes"], totals["standing_estimate_bytes"]
    states = Text(f"{count(totals['locations'], 'location')}  ", "bold")
    for state in sorted(numbers, key=lambda each: STATES.index(each) if each in STATES else len(STATES)):
        states.append(f"{MARKS.get(state, '?')} {numbers[state]} {state}  ", STYLES.get(state, "dim"))
    times = f", {standing / used:.1f} times as much" if used and standing > used else ""
    memory = Text(f"{mb(used)} MB used", "bold")
    memory.append(f"  a pod for each would take about {mb(standing)} MB{times}", "dim")
    return [_cut(states, width), _cut(memory, width)]


def _foot(rows: list[Row], status: dict[str, Any], chosen: TopState, width: int, trouble: str) -> Text:
    if trouble:
        return _cut(Text(plain(trouble), "bold red"), width)
    if chosen.typing:
        return _cut(Text(f"/{chosen.filter}▏", "bold"), width)
    told = f"{len(rows)} of {len(status['locations'])}"
    words = f"  filter: {chosen.filter}" if chosen.filter else ""
    return _cut(Text(f"{told}{words}  {HELP}", "dim"), width)


# -- the table ---------------------------------------------------------------------------------------


def _table(rows: list[Row], chosen: TopState, default: int | None, width: int, height: int) -> list[Text]:
    largest = max((row["pss_bytes"] for row in rows), default=0)
    columns = _columns(rows, width, largest, default)
    room = max(1, height - 1)
    at = max(0, min(chosen.at, len(rows) - 1))
    first = max(0, min(at - room // 2, len(rows) - room))
    now = time.time()
    lines = [_heading(columns, chosen, width)]
    for number, row in enumerate(rows[first : first + room], first):
        lines.append(_line(row, columns, now, width, pointed=number == at))
    return lines if rows else [*lines, Text("no location has these words", "dim")]


def _columns(rows: list[Row], width: int, largest: int, default: int | None) -> list[Column]:
    """From the most to the least wanted, as many as there is room for; the note gets what is left."""
    longest = max((cell_len(row["name"]) for row in rows), default=0)
    name = Column(
        "1 location", max(LEAST_NAME, min(MOST_NAME, longest)), lambda row, _: (row["name"], "bold"), "name"
    )
    found = [
        Column("2 state", 10, _state, "state"),
        name,
        Column("3 memory", BAR_W, lambda row, _: (_bar(row, largest, default), "cyan"), "memory"),
        Column("MB", 6, lambda row, _: (mb(row["pss_bytes"]) if row["pss_bytes"] else "", ""), "", True),
        Column("4 woken", 7, _woken, "wake"),
        Column("15 min", SPARK_W, lambda row, _: (_spark(row), "cyan")),
        Column("why", 14, _why),
        Column("5 cold", 6, _cold, "cold", True),
        Column("6 calls", 7, lambda row, _: (f"{row['calls']:,}" if row["calls"] else "", ""), "calls", True),
        Column("owner", 14, lambda row, _: (row["owner"] or "", "dim")),
        Column("version", 8, lambda row, _: ((row["version"] or "")[:8], "dim")),
    ]
    while sum(column.width + 1 for column in found) + LEAST_NOTE > width and len(found) > 2:
        found.pop()
    left = width - sum(column.width + 1 for column in found)
    return [*found, Column("note", max(0, left), _note)]


def _heading(columns: list[Column], chosen: TopState, width: int) -> Text:
    cells = []
    for column in columns:
        mine = bool(column.sort) and column.sort == chosen.sort
        title = column.title + (("↓" if chosen.down else "↑") if mine else "")
        cells.append(Text(_fit(title, column), "bold underline" if mine else "dim"))
    return _cut(Text(" ").join(cells), width)


def _line(row: Row, columns: list[Column], now: float, width: int, *, pointed: bool) -> Text:
    cells = []
    for column in columns:
        text, style = column.cell(row, now)
        cells.append(Text(_fit(plain(text), column), style))
    line = _cut(Text(" ").join(cells), width)
    if pointed:
        line.stylize("reverse")
    return line


def _fit(text: str, column: Column) -> str:
    if cell_len(text) > column.width:
        return set_cell_size(text, max(0, column.width - 1)) + "…" * min(1, column.width)
    if column.right:
        return " " * (column.width - cell_len(text)) + text
    return set_cell_size(text, column.width)


def _state(row: Row, _now: float) -> tuple[str, str]:
    return f"{MARKS.get(row['state'], '?')} {row['state']}", STYLES.get(row["state"], "dim")


def _bar(row: Row, largest: int, default: int | None) -> str:
    """As on the page: against its own limit, or against the largest where it has none of its own."""
    limit, pss = row["memory_limit_bytes"], row["pss_bytes"]
    whole = limit if limit and limit != default else largest
    if not pss or not whole:
        return ""
    eighths = max(1, round(8 * BAR_W * min(1.0, pss / whole)))
    whole_cells, rest = divmod(eighths, 8)
    return f"{'█' * whole_cells}{' ▏▎▍▌▋▊▉'[rest]}".rstrip()[:BAR_W]


def _spark(row: Row) -> str:
    values = list(row.get("memory_kib") or ())
    most = max(values, default=0)
    if not most:
        return ""
    each = 60 // SPARK_W
    values = [0] * (60 - len(values)) + values[-60:]
    peaks = [max(values[start : start + each]) for start in range(0, 60, each)]
    return "".join(BLOCKS[round(8 * value / most)] for value in peaks)


def _woken(row: Row, now: float) -> tuple[str, str]:
    wake = row.get("last_wake")
    return (span(max(0.0, now - wake["at"])) if wake else "", "")


def _why(row: Row, _now: float) -> tuple[str, str]:
    wake = row.get("last_wake")
    return (wake["why"] if wake else "", "dim")


def _cold(row: Row, _now: float) -> tuple[str, str]:
    cold = row["last_cold_start_s"]
    return ("" if cold is None else f"{cold:.2f}", "")


def _note(row: Row, _now: float) -> tuple[str, str]:
    return note(dict(row)), "red" if row["last_error"] else "dim"


# -- one location ------------------------------------------------------------------------------------


def _one(row: Row | None, width: int) -> list[Text]:
    """All that is known of it, as `reef status LOCATION` says it."""
    if row is None:
        return [Text("it is no longer shown", "dim")]
    lines = [Text(plain(row["name"]), "bold")]
    for key, value in row.items():
        if key not in ("name", "memory_kib", "calls_each"):
            texts = value.splitlines() if isinstance(value, str) else [json.dumps(value)]
            lines += [
                _cut(Text(f"{key if not n else '':<22} {plain(t)}"), width)
                for n, t in enumerate(texts or [""])
            ]
    return lines


def plain(text: str) -> str:
    """Nothing of it moves a cursor or colours a terminal."""
    return CONTROLS.sub("·", text)


def _cut(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line
