"""`reef cutover`: Services that somebody else made lead to Reef, or back."""

from __future__ import annotations

import json
import sys

import click

from reef.cli.cluster.options import only_on_clusters
from reef.errors import ReefError


@click.command(name="cutover")
@click.argument("locations", nargs=-1)
@click.option(
    "--all", "everything", is_flag=True, help="Every location whose Service Reef has not taken yet."
)
@click.option("--back", is_flag=True, help="Lead the Services back to the pods that they led to before.")
@click.option(
    "--sync-cannot-undo",
    is_flag=True,
    help="Argo CD or Flux has the Service, and its next sync cannot undo this: it is suspended, or what would undo it "
    "is committed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when all is over.")
@only_on_clusters
def command(
    locations: tuple[str, ...],
    everything: bool,
    back: bool,
    sync_cannot_undo: bool,
    as_json: bool,
    context: str | None,
    namespace: str | None,
) -> None:
    """Lead the Services of LOCATIONS on a cluster to Reef's gateways, one after the other. Name, port and address stay.

    A location that Reef does not serve is refused. Exit status 1 where one is refused or fails; the first failure ends
    it. What the owner of a Service has to be told is printed.
    """
    if bool(locations) == everything:
        raise ReefError(
            "name locations, or give --all, not both", hint="`reef status` says whose Service is not cut over"
        )
    from reef.cli.cluster.cutover import CutoverWish, cut_over

    wish = CutoverWish(locations, back, sync_cannot_undo)

    def show(data: dict[str, object], text: str) -> None:
        click.echo(json.dumps(data) if as_json else text)

    if not cut_over(context, namespace, wish, show):
        sys.exit(1)
