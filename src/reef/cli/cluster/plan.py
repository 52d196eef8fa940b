"""`reef plan` on a cluster: what applying files would change, what would be tried, and where it would run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from reef.cli.cluster.differing import compare, line_of, total
from reef.cli.cluster.files import check_left_out, read_files, says_all
from reef.decide.placements.fleets import Placed
from reef.remote.differences import Difference
from reef.remote.placing import placements
from reef.remote.reaching import Remote, run

MOST_SHOWN = 5


def show(
    context: str | None,
    namespace: str | None,
    files: Sequence[str],
    image: str | None,
    workdir: str | None,
    as_json: bool,
) -> bool:
    """Whether anything would change. Raises ReefError."""

    async def work(remote: Remote) -> bool:
        found = read_files(files, remote.namespace, image, workdir)
        check_left_out(found)
        done = await compare(remote, found.locations, says_all(files))
        where = await placements(remote, found.locations, done.there)
        rows = [_row(each, where) for each in done.touched]
        if as_json:
            head = {"namespace": remote.namespace, "context": context, "changes": bool(rows)}
            click.echo(json.dumps({**head, "locations": rows, "only_there": done.only_there}))
        else:
            lines = [line for each in done.touched for line in _lines(each, where)]
            click.echo("\n".join([*lines, total(done, remote.namespace)]))
        return bool(rows)

    return run(context, namespace, work)


def _row(each: Difference, where: Placed) -> dict[str, Any]:
    chosen, pack = where.chosen.get(each.name), where.pack_of(each.name)
    return {
        **each.to_json(),
        "placement": chosen.placement if chosen else None,
        "pack": pack.name if pack else None,
        "why": chosen.why if chosen else "",
    }


def _lines(each: Difference, where: Placed) -> list[str]:
    row = _row(each, where)
    what = "is added" if each.state == "added" else "changes"
    tried = "a new version, tried before it is served" if each.new_version else "no new version"
    pack = f" in {row['pack']}" if row["pack"] else ""
    lines = [f"{each.name}  {what}: {tried}", f"  {row['placement'] or 'refused'}{pack}: {row['why']}"]
    lines += [f"  {line_of(change)}" for change in each.changes[:MOST_SHOWN]]
    if len(each.changes) > MOST_SHOWN:
        lines.append(f"  and {len(each.changes) - MOST_SHOWN} more: see --json, or `reef diff`")
    return lines
