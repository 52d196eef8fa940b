"""`reef deploy` on a cluster: files applied, and watched until all is settled."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import click

from reef.cli.cluster.differing import compare
from reef.cli.cluster.files import check_left_out, read_files, says_all
from reef.cli.cluster.versions import tell
from reef.errors import NotDone, ReefError
from reef.remote.applying import Done, deployed, synced_by
from reef.remote.reaching import Remote, run
from reef.words import headline

TIMEOUT_S = 1800.0


def deploy(
    context: str | None,
    namespace: str | None,
    files: Sequence[str],
    image: str | None,
    workdir: str | None,
    timeout_s: float,
    as_json: bool,
) -> None:
    """Raises ReefError: NotDone where one is refused."""
    if not files:
        raise ReefError("name the files to deploy", hint="files or folders of CodeLocations, or a reef.yaml")

    async def work(remote: Remote) -> None:
        found = read_files(files, remote.namespace, image, workdir)
        check_left_out(found)
        compared = await compare(remote, found.locations, says_all(files))
        for name, program in synced_by(found.locations, compared.there).items():
            click.echo(f"warning: {name} belongs to {program}, which may undo this", err=True)
        done = await deployed(remote, found.locations, compared.there, timeout_s, tell)
        click.echo(json.dumps(_data(remote, done)) if as_json else "\n".join(_lines(done)))
        if done.refused:
            raise NotDone(f"not deployed: {', '.join(done.refused)}", hint=_hint(done))

    run(context, namespace, work)


def _data(remote: Remote, done: Done) -> dict[str, object]:
    return {
        "namespace": remote.namespace,
        "context": remote.context,
        "seconds": done.seconds,
        "results": dict(done.results),
        "not_taken": dict(done.not_taken),
        "refused": done.refused,
    }


def _lines(done: Done) -> list[str]:
    lines = []
    for name, each in done.results.items():
        same = each["before"] == each["version"]
        version = (
            each["version"] if same else f"{each['before'] or 'nothing'} → {each['version'] or 'nothing'}"
        )
        why = "" if each["state"] == "served" else f": {headline(each['message'])}"
        lines.append(f"{name}: {each['state'].replace('_', ' ')} {version or ''}".rstrip() + why)
    counts = Counter(each["state"].replace("_", " ") for each in done.results.values())
    counts["not taken"] = len(done.not_taken)
    told = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()) if number)
    return [*lines, f"{told or 'nothing to do'} in {done.seconds:.1f} s"]


def _hint(done: Done) -> str:
    waits = [name for name, each in done.results.items() if not each.get("settled", True)]
    if waits:
        return (
            f"still under way when the time was over: {', '.join(waits)}; `reef status` shows how it goes on"
        )
    return "what they served before is still served; `reef reload LOCATION` tries one again"
