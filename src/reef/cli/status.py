"""`reef status`: every location's state, what it costs, and what a server for each would cost."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from reef.cli.reach import ask, state_dir_option

COLUMNS = ("LOCATION", "OWNER", "STATE", "VERSION", "OWN MB", "PSS MB", "WAKES", "COLD s", "CALLS", "NOTE")


@click.command(name="status")
@click.argument("location", required=False)
@click.option("--watch", is_flag=True, help="Refresh every two seconds until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@state_dir_option
def command(location: str | None, watch: bool, as_json: bool, state_dir: Path | None) -> None:
    """Show each location's state, memory, wakes and last error; totals; LOCATION alone in full."""
    while True:
        status = ask(state_dir, {"do": "status"})
        if location is not None:
            status = _only(status, location)
        if watch and not as_json:
            click.clear()
        click.echo(json.dumps(status) if as_json else render(status, full=location is not None))
        if not watch:
            return
        time.sleep(2.0)


def _only(status: dict[str, Any], name: str) -> dict[str, Any]:
    from reef.errors import ReefError

    rows = [row for row in status["locations"] if row["name"] == name]
    if not rows:
        raise ReefError(f"no code location {name!r}", hint="`reef status` lists them")
    return {**status, "locations": rows}


def render(status: dict[str, Any], *, full: bool = False) -> str:
    """The table that people read."""
    rows = [_row(row) for row in status["locations"]]
    widths = [max(len(line[column]) for line in [COLUMNS, *rows]) for column in range(len(COLUMNS) - 1)]
    lines = [_line(COLUMNS, widths), *(_line(row, widths) for row in rows)]
    if full:
        lines += ["", *(_details(row) for row in status["locations"])]
    return "\n".join([*lines, "", *_totals(status)])


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    cold = row["last_cold_start_s"]
    return (
        row["name"],
        row["owner"] or "-",
        row["state"],
        (row["version"] or "-")[:8],
        _mb(row["private_bytes"]),
        _mb(row["pss_bytes"]),
        str(row["wakes"]),
        "-" if cold is None else f"{cold:.2f}",
        str(row["calls"]),
        _note(row),
    )


def _note(row: dict[str, Any]) -> str:
    parts = []
    if row["live_runs"]:
        parts.append(f"{len(row['live_runs'])} live run(s)")
    if row["not_forked_because"]:
        parts.append(f"not forked: {row['not_forked_because']}")
    if row["last_error"]:
        parts.append(row["last_error"].strip().splitlines()[0][:100])
    return "; ".join(parts)


def _details(row: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {json.dumps(value)}" for name, value in row.items())


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells[:-1], widths, strict=True)]
    return "  ".join([*padded, cells[-1]]).rstrip()


def _mb(size: int | None) -> str:
    return "-" if not size else f"{size / 1e6:.1f}"


def _totals(status: dict[str, Any]) -> list[str]:
    totals = status["totals"]
    states = ", ".join(f"{count} {state}" for state, count in sorted(totals["states"].items()))
    lines = [f"{totals['locations']} locations: {states}"]
    for zygote in status["zygotes"]:
        lines.append(
            f"zygote {zygote['key'][:8]}: {_mb(zygote['pss_bytes'])} MB, {zygote['modules']} modules "
            f"({', '.join(zygote['features'])}), serves {zygote['locations']} of {zygote['python']}"
        )
    lines.append(
        f"memory: Reef {_mb(totals['reef_pss_bytes'])} MB in all (host {_mb(status['host']['pss_bytes'])}, zygotes "
        f"{_mb(totals['zygotes_pss_bytes'])}, warm locations {_mb(totals['children_pss_bytes'])}); a server for each "
        f"location would take about {_mb(totals['standing_estimate_bytes'])} MB"
    )
    return lines
