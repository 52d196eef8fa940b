"""`reef exec LOCATION -- COMMAND`: a command in the container of a location."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence

import click

from reef.cli.cluster.options import only_on_clusters
from reef.errors import ReefError


@click.command(name="exec", context_settings={"ignore_unknown_options": True})
@click.argument("location")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@only_on_clusters
def command(location: str, command: tuple[str, ...], context: str | None, namespace: str | None) -> None:
    """Run COMMAND in the container of LOCATION on a cluster, by `kubectl exec`. Put `--` before COMMAND."""
    from reef.remote.looking import around
    from reef.remote.reaching import Remote, run

    async def find(remote: Remote) -> list[str]:
        document = await remote.location(location)
        name = document["metadata"]["name"]
        place = (await around(remote)).of(document)
        if place.pod is None:
            hint = f"`reef status {name}` says how it is"
            raise ReefError(f"{name} has no container: {place.why}", hint=hint)
        if place.shared:
            click.echo(f"other locations are in the container {place.container} too", err=True)
        return kubectl_exec(context, remote.namespace, place.pod, place.container, command)

    line = run(context, namespace, find)
    program = shutil.which("kubectl")
    if program is None:
        raise ReefError("kubectl is not on PATH", hint=f"where it is: {shlex.join(line)}")
    sys.stdout.flush()
    os.execv(program, line)


def kubectl_exec(
    context: str | None, namespace: str, pod: str, container: str, command: Sequence[str]
) -> list[str]:
    """What one would type."""
    chosen = ["--context", context] if context else []
    terminal = ["-it"] if sys.stdin.isatty() and sys.stdout.isatty() else ["-i"]
    return ["kubectl", *chosen, "-n", namespace, "exec", *terminal, pod, "-c", container, "--", *command]
