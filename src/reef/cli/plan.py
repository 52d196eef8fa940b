"""`reef plan [PATH]`: what a deploy would change, or what a git revision's changes touch."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from reef.cli.reach import state_dir_option
from reef.decide.plan import LocationPlan, Plan, Reason
from reef.errors import ReefError

CHANGES = 2
SHOWN = 5


class PlanCommand(click.Command):
    """Exit status 2 says that there are changes, so every mistake has to be 1."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        try:
            return super().make_context(*args, **extra)
        except click.ClickException as error:
            error.exit_code = 1  # type: ignore[misc]
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ReefError, click.ClickException) as error:
            error.exit_code = 1  # type: ignore[misc]
            raise


@click.command(name="plan", cls=PlanCommand)
@click.argument("path", required=False)
@click.option("--since", metavar="GIT_REV", help="Compare with a git revision; no host need run.")
@click.option("--python", help="With --since: interpreter of locations that name none.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@state_dir_option
def command(
    path: str | None,
    since: str | None,
    python: str | None,
    as_json: bool,
    state_dir: Path | None,
) -> None:
    """Show which locations change, and why. Exit status 0: nothing to do, 2: changes, 1: an error."""
    if since is None:
        raise ReefError("a plan against a running host is not there yet", hint="give --since GIT_REV")
    from reef.cli.plan_since import plan_since

    plan, fleet, changes = plan_since(since, path, python)
    head = {"since": changes.revision, "fleet": fleet.source, "changed_files": len(changes.changed)}
    if as_json:
        click.echo(json.dumps({**head, **as_dict(plan)}))
    else:
        click.echo(render(plan, changes.top))
    sys.exit(CHANGES if plan.anything else 0)


def as_dict(plan: Plan) -> dict[str, Any]:
    """`{"locations": [{"name", "touched", "reasons": [{"kind", "text", "path", "chain"}]}], "removed": [...]}`."""
    return {
        "changes": plan.anything,
        "locations": [_location(one) for one in plan.locations],
        "removed": list(plan.removed),
    }


def _location(one: LocationPlan) -> dict[str, Any]:
    reasons = [
        {"kind": why.kind, "text": why.text, "path": why.path, "chain": list(why.chain)}
        for why in one.reasons
    ]
    versions = {"served_version": one.served, "planned_version": one.planned}
    return {"name": one.location, "touched": one.touched, **versions, "reasons": reasons}


def render(plan: Plan, top: str | None = None) -> str:
    """For people; paths below `top` are shown relative to it."""
    lines = []
    width = max((len(one.location) for one in plan.locations), default=0)
    for one in plan.locations:
        lines.append(f"{one.location.ljust(width)}  {_state(one)}")
        lines += [f"  {_shown(why, top)}" for why in one.reasons[:SHOWN]]
        if len(one.reasons) > SHOWN:
            lines.append(f"  and {len(one.reasons) - SHOWN} more: see --json")
    lines += [f"{name}  removed from the fleet" for name in plan.removed]
    touched = sum(one.touched for one in plan.locations)
    return "\n".join([*lines, f"{touched} of {len(plan.locations)} locations change"])


def _state(one: LocationPlan) -> str:
    if not one.touched:
        return "unchanged"
    if one.served or one.planned:
        return f"{(one.served or 'nothing')[:12]} → {(one.planned or '?')[:12]}"
    return "changes"


def _shown(why: Reason, top: str | None) -> str:
    text = f"{_short(why.path, top)}: {why.text}" if why.path and why.kind != "unclear" else why.text
    if why.kind == "unclear" and top:
        text = text.replace(f"{top}/", "")
    if len(why.chain) > 1:
        text += f" ({' → '.join(_shorts(why.chain, top))})"
    return f"{why.kind}: {text}" if why.kind in ("unclear", "environment") else text


def _shorts(paths: Iterable[str], top: str | None) -> list[str]:
    return [_short(path, top) for path in paths]


def _short(path: str, top: str | None) -> str:
    return os.path.relpath(path, top) if top and path.startswith(f"{top}/") else path
