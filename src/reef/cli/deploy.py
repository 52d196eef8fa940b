"""`reef deploy`: promote what changed, location by location, while everything else goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reef.cli.reach import ask, state_dir_option
from reef.decide.diff import spelt
from reef.errors import ReefError

REFUSED = ("refused", "failed")
POLL_TIMEOUT_S = 300.0  # choosing what changed may hash everything for the first time


class Busy(ReefError):
    exit_code = 1


@click.command(name="deploy")
@click.argument("locations", nargs=-1)
@click.option("--changed", is_flag=True, help="Every location that `reef plan` shows as changed.")
@click.option("--all", "everything", is_flag=True, help="Every location, changed or not.")
@click.option(
    "--allow-removals", is_flag=True, help="Promote versions that lose jobs, assets, schedules or sensors."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when all is over.")
@state_dir_option
def command(
    locations: tuple[str, ...],
    changed: bool,
    everything: bool,
    allow_removals: bool,
    as_json: bool,
    state_dir: Path | None,
) -> None:
    """Probe the code of LOCATIONS beside what is served, and promote what loads and loses nothing.

    Exit status 1 if any was refused; the others are promoted all the same. Ctrl-C ends the watching, not the
    deploy.
    """
    asked = _asked(locations, changed, everything)
    begun = ask(
        state_dir, {"do": "deploy", "locations": asked, "allow_removals": allow_removals}, POLL_TIMEOUT_S
    )
    if "busy" in begun:
        raise Busy(begun["busy"], hint="one deploy at a time: wait until it is over")
    _say_first(begun)
    try:
        results, seconds = _follow(state_dir, begun["id"], as_json)
    except KeyboardInterrupt:
        click.echo(f"deploy {begun['id']} goes on; `reef history LOCATION` will tell", err=True)
        raise
    refused = sorted(name for name, event in results.items() if event["state"] in REFUSED)
    if as_json:
        click.echo(json.dumps({**begun, "seconds": seconds, "refused": refused, "results": results}))
    else:
        click.echo(_summary(results, seconds))
    if refused:
        raise _Refused(f"not deployed: {', '.join(refused)}", hint=_hint(results))


class _Refused(ReefError):
    exit_code = 1


def _asked(locations: tuple[str, ...], changed: bool, everything: bool) -> list[str] | str:
    if bool(locations) + changed + everything != 1:
        raise ReefError("name locations, or give one of --changed and --all")
    return "changed" if changed else "all" if everything else list(locations)


def _say_first(begun: dict[str, Any]) -> None:
    if cut_off := begun["interrupted"]:
        done = len(cut_off["done"])
        click.echo(
            f"note: deploy {cut_off['id']} was cut off when its host ended: {done} of "
            f"{len(cut_off['locations'])} locations were done",
            err=True,
        )
    for what in ("added", "removed"):
        if begun[what]:
            names = ", ".join(begun[what])
            click.echo(f"note: {what} in the fleet's file, which needs a new start: {names}", err=True)


def _follow(state_dir: Path | None, deploy: str, as_json: bool) -> tuple[dict[str, Any], float]:
    results: dict[str, Any] = {}
    seen = 0
    while True:
        answer = ask(state_dir, {"do": "deploy-progress", "id": deploy, "after": seen}, POLL_TIMEOUT_S)
        seen += len(answer["events"])
        for event in answer["events"]:
            if event["state"] == "over":
                return results, event["seconds"]
            results[event["location"]] = event
            if not as_json:
                click.echo(_line(event))


def _line(event: dict[str, Any]) -> str:
    text = f"{event['location']}: {event['state']}"
    if event["state"] == "promoted":
        text += (
            f" {(event['before'] or 'nothing')[:12]} → {event['version'][:12]} in {event['seconds']:.1f} s"
        )
    if reason := event.get("reason"):
        text += f": {reason.strip().splitlines()[0]}"
    if reason := event.get("not_kept"):
        text += f"\n  cannot be rolled back to: {reason}"
    if reason := event.get("not_pinned"):
        text += f"\n  the next wake may serve it all the same, for what is served cannot be pinned: {reason}"
    return "\n".join([text, *shown_diff(event.get("definitions") or {})])


def shown_diff(definitions: dict[str, dict[str, list[str]]]) -> list[str]:
    return [
        f"  {which}: {spelt({kind: tuple(names) for kind, names in part.items()})}"
        for which, part in definitions.items()
        if part
    ]


def _summary(results: dict[str, Any], seconds: float) -> str:
    counts: dict[str, int] = {}
    for event in results.values():
        counts[event["state"]] = counts.get(event["state"], 0) + 1
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "nothing to do"
    return f"{told} in {seconds:.1f} s"


def _hint(results: dict[str, Any]) -> str:
    lost = any(
        (event.get("definitions") or {}).get("removed")
        for event in results.values()
        if event["state"] == "refused"
    )
    return "what they served before is still served" + (
        "; --allow-removals lets definitions go" if lost else ""
    )
