"""`reef logs` on a cluster: the lines of one location, in whichever container they are."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque

import click

from reef.cluster.errors import ClusterError
from reef.cluster.kinds import POD
from reef.cluster.logs import log
from reef.errors import ReefError
from reef.kube import labels
from reef.kube.seen.reading import pod_seen
from reef.remote.looking import around
from reef.remote.places import Place
from reef.remote.reaching import Remote, run
from reef.words import count, describe

REEFS = ("controller", "gateway")


def show(context: str | None, namespace: str | None, location: str | None, follow: bool, lines: int) -> None:
    """To stdout. Without a location: of the controllers and gateways. Raises ReefError."""
    run(context, namespace, lambda remote: _show(remote, location, follow, lines))


async def _show(remote: Remote, location: str | None, follow: bool, lines: int) -> None:
    if location is None:
        await _reefs(remote, follow, lines)
        return
    document = await remote.location(location)
    name = document["metadata"]["name"]
    place = (await around(remote)).of(document)
    if place.pod is None:
        raise ReefError(f"{name} has no log: {place.why}", hint=f"`reef status {name}` says how it is")
    _tell(name, place)
    if place.shared:
        await filtered(remote, place, name, follow, lines)
        return
    async with log(
        remote.client, place.pod, place.container, remote.namespace, lines=lines, follow=follow
    ) as found:
        async for line in found:
            click.echo(line.decode(errors="replace"), nl=False)


async def filtered(remote: Remote, place: Place, name: str, follow: bool, lines: int) -> None:
    """All of the container is read: nobody knows how many of its last lines are of others."""
    assert place.pod is not None
    last: deque[str] = deque(maxlen=max(1, lines))
    async with log(remote.client, place.pod, place.container, remote.namespace) as found:
        async for line in found:
            if (own := of_location(line, name)) is not None:
                last.append(own)
    click.echo("".join(last), nl=False)
    if not follow:
        return
    async with log(
        remote.client, place.pod, place.container, remote.namespace, lines=0, follow=True
    ) as found:
        async for line in found:
            if (own := of_location(line, name)) is not None:
                click.echo(own, nl=False)


def of_location(line: bytes, name: str) -> str | None:
    """What a location said, of a line of a container that serves several; None for another's, or the container's."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("location") != name:
        return None
    return f"{found.get('line', '')}\n"


def _tell(name: str, place: Place) -> None:
    if place.probe:
        click.echo(f"{name} was never served; this is the pod in which it is tried: {place.pod}", err=True)
    if place.others:
        click.echo(f"of {place.pod}; it has {count(len(place.others), 'more pod')}", err=True)


async def _reefs(remote: Remote, follow: bool, lines: int) -> None:
    pods = []
    for component in REEFS:
        found = await remote.listed(POD, f"{labels.PART_OF}=reef,{labels.COMPONENT}={component}")
        pods += [(pod_seen(each).name, component) for each in found]
    if not pods:
        raise ReefError(
            f"no process of Reef runs in namespace {remote.namespace}",
            hint="choose another one with --namespace",
        )
    await asyncio.gather(*(_one(remote, pod, container, follow, lines) for pod, container in sorted(pods)))


async def _one(remote: Remote, pod: str, container: str, follow: bool, lines: int) -> None:
    try:
        async with log(remote.client, pod, container, remote.namespace, lines=lines, follow=follow) as found:
            async for line in found:
                click.echo(f"{pod}: {line.decode(errors='replace')}", nl=False)
    except ClusterError as error:
        print(f"{pod}: {describe(error)}", file=sys.stderr)
