"""`reef history LOCATION`: the versions that were promoted, when, and why."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from reef.cli.cluster.options import cluster_options, is_remote, not_on_a_cluster
from reef.cli.reach import find_state, state_dir_option
from reef.decide.diff import spelt
from reef.errors import ReefError
from reef.fleet.suggest import did_you_mean
from reef.records.history_files import HistoryFiles
from reef.records.kept_files import KeptFiles

SHOWN = 4


@click.command(name="history")
@click.argument("location", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, newest first.")
@cluster_options
@state_dir_option
def command(
    location: str | None,
    as_json: bool,
    context: str | None,
    namespace: str | None,
    state_dir: Path | None,
) -> None:
    """Show the versions of LOCATION that were promoted, newest first. Needs no running host with --state-dir.

    On a cluster, the last ten of LOCATION, or of all locations.
    """
    if is_remote(context, namespace):
        from reef.cli.cluster.history import show

        not_on_a_cluster("history", state_dir=state_dir)
        show(context, namespace, location, as_json)
        return
    if location is None:
        raise ReefError("name a location", hint="without one, `reef history` shows all of a cluster alone")
    root = find_state(state_dir).root
    if not (root / "history").is_dir():
        raise ReefError(f"{str(root)!r} holds no history", hint="is it the state directory of a Reef host?")
    history = HistoryFiles(root / "history")
    kept = {one.record.version: one.not_kept for one in KeptFiles(root / "copies" / "versions").of(location)}
    entries = [{**entry, **_rollback(entry, kept)} for entry in history.of(location)[::-1]]
    if not entries:
        raise ReefError(
            f"nothing was promoted of {location!r}", hint=did_you_mean(location, history.locations())
        )
    click.echo(json.dumps(entries) if as_json else "\n".join(map(render, entries)))


def _rollback(entry: dict[str, Any], kept: dict[str, str | None]) -> dict[str, Any]:
    """Whether `reef rollback` can bring the version back, and why not."""
    version = entry["version"]
    reason = kept.get(version, "it is not kept")
    return {"can_roll_back": reason is None, "not_kept": reason}


def render(entry: dict[str, Any]) -> str:
    """One promotion for people."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["time"]))
    by = _by(entry["by"], entry.get("wave"))
    broken = "" if entry["loads"] else " (does not load)"
    lines = [f"{when}  {entry['version'][:12]}{broken}{by}"]
    if entry["not_kept"]:
        lines.append(f"  cannot be rolled back to: {entry['not_kept']}")
    lines += [f"  {_why(why)}" for why in entry["why"][:SHOWN]]
    if len(entry["why"]) > SHOWN:
        lines.append(f"  and {len(entry['why']) - SHOWN} more: see --json")
    for which, part in entry["definitions"].items():
        if part:
            lines.append(f"  {which}: {spelt({kind: tuple(names) for kind, names in part.items()})}")
    return "\n".join(lines)


def _by(by: str | None, wave: int | None) -> str:
    if not by:
        return ""
    of_wave = f", wave {wave}" if wave else ""
    return " by a rollback" if by == "rollback" else f" by deploy {by}{of_wave}"


def _why(why: dict[str, Any]) -> str:
    return f"{why['path']}: {why['text']}" if why["path"] else str(why["text"])
