"""`reef plan [PATH]`: what a deploy would change, or what a git revision's changes touch."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from reef.cli.cluster.files import file_options
from reef.cli.cluster.options import cluster_options, is_remote, not_on_a_cluster, only_on_a_cluster
from reef.cli.reach import ask, state_dir_option
from reef.errors import ReefError
from reef.statedir import default_state_dir
from reef.words import count

CHANGES = 2
SHOWN = 5
HOST_TIMEOUT_S = 300.0


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
@click.argument("paths", nargs=-1)
@click.option("--since", metavar="GIT_REV", help="Compare with a git revision; no host need run.")
@click.option("--python", help="With --since: interpreter of locations that name none.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@file_options
@cluster_options
@state_dir_option
def command(
    paths: tuple[str, ...],
    since: str | None,
    python: str | None,
    as_json: bool,
    image: str | None,
    workdir: str | None,
    context: str | None,
    namespace: str | None,
    state_dir: Path | None,
) -> None:
    """Show which locations change, and why. Exit status 0: nothing to do, 2: changes, 1: an error.

    On a cluster: what `reef deploy PATHS` would change, which versions would be tried, and where they would run.
    """
    if is_remote(context, namespace):
        from reef.cli.cluster.plan import show

        not_on_a_cluster("plan", since=since, python=python, state_dir=state_dir)
        sys.exit(CHANGES if show(context, namespace, paths, image, workdir, as_json) else 0)
    only_on_a_cluster("plan", image=image, workdir=workdir)
    if len(paths) > 1:
        raise ReefError(f"{len(paths)} paths, must be one", hint="several are for a cluster")
    path = paths[0] if paths else None
    found = _of_host(path, state_dir) if since is None else _since(since, path, python)
    click.echo(json.dumps(found) if as_json else render(found))
    sys.exit(CHANGES if found["changes"] else 0)


def _since(revision: str, path: str | None, python: str | None) -> dict[str, Any]:
    from reef.cli.plan_since import plan_since

    plan, fleet, changes = plan_since(revision, path, python)
    head = {"since": changes.revision, "fleet": fleet.source, "top": changes.top}
    return {**head, "changed_files": len(changes.changed), **plan.as_dict()}


def _of_host(path: str | None, state_dir: Path | None) -> dict[str, Any]:
    """The running host of the fleet at `path`, else the one that other commands would ask."""
    if path is not None and state_dir is None:
        from reef import fleet as fleets

        state_dir = default_state_dir(fleets.read(path, os.environ, sys.executable).source, os.environ)
    found: dict[str, Any] = ask(state_dir, {"do": "plan"}, HOST_TIMEOUT_S)
    return {**found, "top": os.path.dirname(found["fleet"])}


def render(found: dict[str, Any]) -> str:
    """For people; paths below `top` are shown relative to it."""
    top, locations = found["top"], found["locations"]
    lines = []
    width = max((len(one["name"]) for one in locations), default=0)
    for one in locations:
        lines.append(f"{one['name'].ljust(width)}  {_state(one)}")
        if why := found.get("pinned", {}).get(one["name"]):
            lines.append(f"  pinned: {why}")
        lines += [f"  {_shown(why, top)}" for why in one["reasons"][:SHOWN]]
        if len(one["reasons"]) > SHOWN:
            lines.append(f"  and {len(one['reasons']) - SHOWN} more: see --json")
    lines += [f"{name}  removed from the fleet" for name in found["removed"]]
    touched = sum(one["touched"] for one in locations)
    change = f"{count(len(locations), 'location')} {'changes' if touched == 1 else 'change'}"
    return "\n".join([*lines, f"{touched} of {change}", *_waves(found)])


def _waves(found: dict[str, Any]) -> list[str]:
    """As the fleet's file wants them, where that is more than one."""
    waves = found.get("waves", [])
    if len(waves) < 2:
        return []
    return [f"wave {number}: {_few(names)}" for number, names in enumerate(waves, 1)]


def _few(names: list[str]) -> str:
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest


def _state(one: dict[str, Any]) -> str:
    served, planned = one["served_version"], one["planned_version"]
    if not one["touched"]:
        return f"unchanged {(served or '')[:12]}".rstrip()
    return f"{served[:12]} → {planned[:12]}" if served and planned and served != planned else "changes"


def _shown(why: dict[str, Any], top: str) -> str:
    text = str(why["text"])
    if why["path"] and why["kind"] != "unclear":
        text = f"{_short(why['path'], top)}: {text}"
    if len(why["chain"]) > 1:
        text += f" ({' → '.join(_short(step, top) for step in why['chain'])})"
    if why["kind"] == "unclear":
        text = text.replace(f"{top}/", "")
    return f"{why['kind']}: {text}" if why["kind"] in ("unclear", "error") else text


def _short(path: str, top: str) -> str:
    return os.path.relpath(path, top) if path.startswith(f"{top}/") else path
