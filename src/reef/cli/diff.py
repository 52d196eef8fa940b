"""`reef diff`: CodeLocations in files against a cluster."""

from __future__ import annotations

import json
import sys

import click

from reef.cli.cluster.options import only_on_clusters


@click.command(name="diff")
@click.argument("files", nargs=-1)
@click.option("--image", help="For a fleet: the image of locations that name none.")
@click.option(
    "--workdir",
    metavar="DIR",
    help="For a fleet: where the images have its folder; by default their WORKDIR.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@only_on_clusters
def command(
    files: tuple[str, ...],
    image: str | None,
    workdir: str | None,
    as_json: bool,
    context: str | None,
    namespace: str | None,
) -> None:
    """Compare CodeLocations with those of a cluster, field by field. Exit status 1 where they differ.

    FILES are files or folders of CodeLocations, or what `reef up` takes; by default the current folder.
    """
    from reef.cli.cluster.differing import compare, lines
    from reef.cli.cluster.files import check_left_out, read_files, says_all
    from reef.remote.reaching import Remote, run

    async def work(remote: Remote) -> bool:
        found = read_files(files, remote.namespace, image, workdir)
        check_left_out(found)
        done = await compare(remote, found.locations, says_all(files))
        if as_json:
            head = {"namespace": remote.namespace, "context": context, "differs": done.differs}
            listed = [each.to_json() for each in done.all]
            click.echo(json.dumps({**head, "locations": listed}))
        else:
            click.echo("\n".join(lines(done, remote.namespace)))
        return done.differs

    if run(context, namespace, work):
        sys.exit(1)
