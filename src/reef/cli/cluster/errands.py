"""`reef wake` and `reef sleep` on a cluster."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from reef.kube.errand_annotation import Verb
from reef.remote.errands import run_errand
from reef.remote.reaching import Remote, run


def errands(
    context: str | None,
    namespace: str | None,
    verb: Verb,
    locations: Sequence[str],
    as_json: bool,
    timeout_s: float,
) -> None:
    """One after the other. Raises ReefError."""

    async def work(remote: Remote) -> None:
        names = [(await remote.location(each))["metadata"]["name"] for each in locations]
        for name in names:
            said = await run_errand(remote, name, verb, timeout_s)
            row = {"name": name, "state": said.state, "note": said.note or None}
            note = f" ({said.note})" if said.note else ""
            click.echo(json.dumps(row) if as_json else f"{name}: {said.state}{note}")

    run(context, namespace, work)
