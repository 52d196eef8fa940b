"""`reef rollback` and `reef reload` on a cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import click

from reef.cluster.kinds import Document
from reef.errors import NotDone
from reef.remote import versions
from reef.remote.reaching import Remote, run
from reef.remote.rows import is_settled, message, phase
from reef.remote.settling import settled
from reef.words import headline

TIMEOUT_S = 600.0


def tell(name: str, state: str, why: str) -> None:
    """One line of progress."""
    click.echo(f"{name}: {state.replace('_', ' ')}" + (f": {headline(why)}" if why else ""), err=True)


def roll_back(
    context: str | None, namespace: str | None, location: str, wanted: str | None, as_json: bool
) -> None:
    """Until it is served, or refused. Raises ReefError."""

    async def work(remote: Remote) -> None:
        before = await remote.location(location)
        name, version = before["metadata"]["name"], versions.target(before, wanted)
        served = (before.get("status") or {}).get("version")
        began = time.monotonic()
        await versions.roll_back(remote, name, version)
        found = await settled(
            remote, [name], TIMEOUT_S, tell, lambda each: versions.is_rolled_back(each, version)
        )
        status = (found.get(name) or {}).get("status") or {}
        done = status.get("pinned") == status.get("version") == version
        state = "promoted" if done else "refused"
        if as_json:
            event = {"location": name, "state": state, "before": served, "version": version}
            event |= {"seconds": time.monotonic() - began, "reason": None if done else message(status)}
            click.echo(json.dumps(event))
        if not done:
            raise NotDone(
                f"{name} is not rolled back to {version}: {headline(message(status)) or 'the controller says nothing'}",
                hint=f"`reef status {name}` says how it is; `reef logs` has the controller's log",
            )
        if not as_json:
            took = time.monotonic() - began
            click.echo(f"{name}: promoted {served or 'nothing'} → {version} in {took:.1f} s, pinned to it")

    run(context, namespace, work)


def reload(
    context: str | None, namespace: str | None, locations: Sequence[str], as_json: bool, timeout_s: float
) -> None:
    """One after the other. Raises ReefError."""

    async def work(remote: Remote) -> None:
        refused = []
        for location in locations:
            before = await remote.location(location)
            name = before["metadata"]["name"]
            was = phase(before), (before.get("status") or {}).get("pinned")
            await versions.try_again(remote, before)
            moved: list[bool] = []

            def is_done(each: Document, was: tuple[str, object] = was, moved: list[bool] = moved) -> bool:
                """What was refused has to be seen under way first; what is served needs no try."""
                now = phase(each), (each.get("status") or {}).get("pinned")
                moved += [True] if now != was else []
                nothing_to_do = was == ("served", None)
                return is_settled(each) and bool(nothing_to_do or moved)

            found = await settled(remote, [name], timeout_s, tell, is_done)
            status = (found.get(name) or {}).get("status") or {}
            state = phase(found[name]) if name in found else "deleted"
            row = {"name": name, "state": state, "version": status.get("version"), "note": message(status)}
            click.echo(json.dumps(row) if as_json else f"{name}: {state} ({headline(row['note'])})")
            refused += [name] if state not in ("served", "paused") else []
        if refused:
            raise NotDone(
                f"not served as asked for: {', '.join(refused)}", hint="what was served before still is"
            )

    run(context, namespace, work)
