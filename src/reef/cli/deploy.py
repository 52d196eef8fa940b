"""`reef deploy`: promote what changed, in waves, while everything else goes on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from reef.cli.cluster.files import file_options
from reef.cli.cluster.options import cluster_options, is_remote, not_on_a_cluster, only_on_a_cluster
from reef.cli.deploy_talk import Talk, hint_of
from reef.cli.reach import ask, state_dir_option
from reef.errors import NotDone, ReefError
from reef.fleet.deploy_spec import asked
from reef.fleet.model import DeploySpec

POLL_TIMEOUT_S = 300.0  # choosing what changed may hash everything for the first time
LONG_POLL_S, COUNTDOWN_S = 10.0, 1.0


@click.command(name="deploy")
@click.argument("locations", nargs=-1)
@click.option("--changed", is_flag=True, help="Every location that `reef plan` shows as changed.")
@click.option("--all", "everything", is_flag=True, help="Every location, changed or not.")
@click.option("--wave", "waves", help="How many are deployed after each wave, such as 1,10,100%.")
@click.option("--soak", help="How long each wave is watched before the next one, such as 2m.")
@click.option("--rollback-on-halt", is_flag=True, help="A deploy that is halted takes back what it promoted.")
@click.option(
    "--allow-removals", is_flag=True, help="Promote versions that lose jobs, assets, schedules or sensors."
)
@click.option(
    "--resume", is_flag=True, help="Watch the deploy under way, or go on with one that was cut off."
)
@click.option("--abandon", is_flag=True, help="Give up the deploy that is under way or was cut off.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when all is over.")
@click.option(
    "--timeout", type=float, help="On a cluster: seconds until all has to be settled [default: 1800]."
)
@file_options
@cluster_options
@state_dir_option
def command(
    locations: tuple[str, ...],
    changed: bool,
    everything: bool,
    waves: str | None,
    soak: str | None,
    rollback_on_halt: bool,
    allow_removals: bool,
    resume: bool,
    abandon: bool,
    as_json: bool,
    timeout: float | None,
    image: str | None,
    workdir: str | None,
    context: str | None,
    namespace: str | None,
    state_dir: Path | None,
) -> None:
    """Probe the code of LOCATIONS beside what is served, and promote what loads and loses nothing, wave by wave.

    On a cluster, LOCATIONS are files: they are applied, and watched until the controller is done with them.

    Exit status 1 if any was refused or the deploy was halted. Ctrl-C ends the watching, not the deploy.
    """
    if is_remote(context, namespace):
        from reef.cli.cluster import deploy as remote

        host = {"changed": changed, "all": everything, "wave": waves, "soak": soak, "resume": resume}
        host |= {"rollback_on_halt": rollback_on_halt, "allow_removals": allow_removals, "abandon": abandon}
        not_on_a_cluster("deploy", **host, state_dir=state_dir)
        wait_s = remote.TIMEOUT_S if timeout is None else timeout
        remote.deploy(context, namespace, locations, image, workdir, wait_s, as_json)
        return
    only_on_a_cluster("deploy", timeout=timeout, image=image, workdir=workdir)
    request: dict[str, Any]
    if resume or abandon:
        _alone(resume and abandon, locations, changed, everything, waves, soak, rollback_on_halt)
        request = {"do": "deploy-resume" if resume else "deploy-abandon"}
    else:
        ends = None if waves is None else [each.strip() for each in waves.split(",")]
        asked(DeploySpec(), ends, soak, None)  # a mistake needs no host to be told
        request = {
            "do": "deploy",
            "locations": _asked(locations, changed, everything),
            "allow_removals": allow_removals,
            "waves": ends,
            "soak": soak,
            "rollback_on_halt": rollback_on_halt or None,
        }
    begun = ask(state_dir, request, POLL_TIMEOUT_S)
    if "busy" in begun:
        raise NotDone(begun["busy"], hint=begun["hint"])
    _follow(begun, Talk(begun, as_json, sys.stdout.isatty()), as_json, state_dir)


def _alone(both: bool, *others: object) -> None:
    if both or any(others):
        raise ReefError("--resume and --abandon stand alone: what is deployed and how was said when it began")


def _asked(locations: tuple[str, ...], changed: bool, everything: bool) -> list[str] | str:
    if bool(locations) + changed + everything != 1:
        raise ReefError("name locations, or give one of --changed and --all")
    return "changed" if changed else "all" if everything else list(locations)


def _follow(begun: dict[str, Any], talk: Talk, as_json: bool, state_dir: Path | None) -> None:
    talk.begin()
    try:
        _listen(state_dir, begun["id"], talk)
    except KeyboardInterrupt:
        talk.pause()
        click.echo(f"deploy {begun['id']} goes on; `reef deploy --resume` watches it again", err=True)
        raise
    click.echo(json.dumps(talk.as_dict()) if as_json else talk.summary())
    if (text := talk.failure()) is not None:
        raise NotDone(text, hint=hint_of(talk))


def _listen(state_dir: Path | None, deploy: str, talk: Talk) -> None:
    seen = 0
    while talk.outcome is None:
        wait_s = COUNTDOWN_S if talk.counts_down else LONG_POLL_S
        request = {"do": "deploy-progress", "id": deploy, "after": seen, "wait_s": wait_s}
        answer = ask(state_dir, request, POLL_TIMEOUT_S)
        seen += len(answer["events"])
        for event in answer["events"]:
            talk.hear(event)
        talk.count_down(answer["soak_left_s"])
