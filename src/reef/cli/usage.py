"""`reef usage`: what locations request, what they used, and what they should request."""

from __future__ import annotations

import json
import math
from pathlib import Path

import click

from reef.cli.cluster.options import cluster_options, is_remote, not_on_a_cluster
from reef.cli.reach import find_state, state_dir_option
from reef.cli.usage_patch import put_patch
from reef.cli.usage_sources import of_cluster, of_history, of_prometheus
from reef.cli.usage_table import table, totals
from reef.errors import ReefError
from reef.fleet.suggest import did_you_mean
from reef.fleet.units import span_s
from reef.usage.about import lines
from reef.usage.judging import Judged
from reef.usage.kinds import KINDS
from reef.usage.target import target

ALL_S = 400 * 86_400.0
PROMETHEUS_S = 30 * 86_400.0


@click.command(name="usage")
@click.argument("location", required=False)
@click.option(
    "--since",
    metavar="TIME",
    help="What is judged, such as 7d [default: all that is recorded, 30d of a Prometheus].",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--patch",
    metavar="FILE",
    help="Print what changes in FILE: a reef.yaml, CodeLocations, or values of the chart. Where FILE is no file but "
    f"one of {', '.join(KINDS)}: what to merge.",
)
@click.option("--apply", "write", is_flag=True, help="With --patch FILE: change the file.")
@click.option("--prometheus", "url", metavar="URL", help="Ask this Prometheus instead of Reef's own history.")
@click.option(
    "--selector",
    metavar="MATCHERS",
    help="With --prometheus: more matchers of PromQL, such as 'cluster=\"prod\"'.",
)
@cluster_options
@state_dir_option
def command(
    location: str | None,
    since: str | None,
    as_json: bool,
    patch: str | None,
    write: bool,
    url: str | None,
    selector: str | None,
    context: str | None,
    namespace: str | None,
    state_dir: Path | None,
) -> None:
    """Show what LOCATION, or every location, requests beside what it used, and propose what it should request.

    Of this machine's host, whether it runs or not; of a cluster, as Reef's page there keeps it; or of pods, from a
    Prometheus.
    """
    _check(url, selector, context, write, patch)
    given = _since(since)
    chosen = target(patch) if patch is not None else None
    if url is not None:
        found = of_prometheus(url, namespace, selector, given or PROMETHEUS_S, chosen)
    elif is_remote(context, namespace):
        not_on_a_cluster("usage", state_dir=state_dir)
        found = of_cluster(context, namespace, location, given or ALL_S, chosen)
    else:
        found = of_history(find_state(state_dir), given or ALL_S, chosen)
    found = _only(found, location)
    if chosen is not None:
        put_patch(chosen, found, write=write, as_json=as_json)
    elif as_json:
        click.echo(json.dumps({"locations": [each.to_json() for each in found], "totals": totals(found)}))
    else:
        click.echo("\n".join(_for_people(found, location)))


def _for_people(found: list[Judged], location: str | None) -> list[str]:
    return [line for each in found for line in lines(each)] if location is not None else table(found)


def _only(found: list[Judged], location: str | None) -> list[Judged]:
    if location is None:
        return found
    chosen = [each for each in found if each.name == location]
    if not chosen:
        names = [each.name for each in found]
        raise ReefError(
            f"nothing is known of a code location {location!r}", hint=did_you_mean(location, names)
        )
    return chosen


def _since(written: str | None) -> float | None:
    if written is None:
        return None
    try:
        seconds = span_s(written)
    except ValueError:
        raise ReefError(f"--since = {written!r}, must be a time such as 7d, 36h or 90m") from None
    if math.isinf(seconds):
        raise ReefError(
            "--since = 'never', must be a time such as 7d", hint="leave it out for all that is recorded"
        )
    return seconds


def _check(
    url: str | None,
    selector: str | None,
    context: str | None,
    write: bool,
    patch: str | None,
) -> None:
    if write and patch is None:
        raise ReefError("--apply needs a file", hint="--patch FILE --apply")
    if url is not None and context is not None:
        raise ReefError(
            "--context is not used with --prometheus", hint="name what it has: --namespace, --selector"
        )
    if url is None and selector is not None:
        raise ReefError("--selector is for a Prometheus", hint="name one with --prometheus")
