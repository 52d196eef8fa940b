"""`reef usage --patch`: proposals as changes of the file that says what a location requests."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
import yaml

from reef.errors import ReefError
from reef.usage.judging import Judged
from reef.usage.kinds import changes, merge_patch
from reef.usage.patching import diff, patched
from reef.usage.target import PatchTarget
from reef.words import count


def put_patch(chosen: PatchTarget, found: Sequence[Judged], *, write: bool, as_json: bool) -> None:
    """To stdout; what is left out to stderr. Raises ReefError."""
    if chosen.path is None:
        if write:
            raise ReefError(
                "--apply needs the path of a file", hint=f"--patch {chosen.file} --apply, where it is"
            )
        _put_merge_patch(chosen, found, as_json)
    else:
        _put_diff(chosen, found, write, as_json)
    for each in found:
        proposal = each.here if chosen.kind == "reef.yaml" else each.pod
        if proposal.none_because is not None and not changes(chosen.kind, each):
            click.echo(f"{each.name}: no proposal: {proposal.none_because}", err=True)


def _put_merge_patch(chosen: PatchTarget, found: Sequence[Judged], as_json: bool) -> None:
    documents = merge_patch(chosen.kind, found)
    if as_json:
        click.echo(json.dumps({"kind": chosen.kind, "merge": documents}))
        return
    if chosen.kind == "helm-values" and documents:
        click.echo("# Helm replaces lists: merge these into the deployments of your values by name.")
    click.echo("---\n".join(yaml.safe_dump(each, sort_keys=False) for each in documents), nl=False)


def _put_diff(chosen: PatchTarget, found: Sequence[Judged], write: bool, as_json: bool) -> None:
    by_name = {each.name: each for each in found}
    values = {
        (place.document, (*place.path, *path)): value
        for place in chosen.places
        if place.name in by_name
        for path, value in changes(chosen.kind, by_name[place.name]).items()
    }
    after = patched(chosen.text, values, chosen.file) if values else chosen.text
    said = diff(chosen.text, after, chosen.file)
    if as_json:
        edits = [
            {"document": number, "path": list(path), "value": value}
            for (number, path), value in values.items()
        ]
        click.echo(
            json.dumps({"kind": chosen.kind, "file": str(chosen.path), "changes": edits, "diff": said})
        )
    else:
        click.echo(said, nl=False)
    if not values:
        click.echo(f"{chosen.file}: nothing to change", err=True)
    elif write:
        chosen.replace(after)
        click.echo(f"changed {chosen.file}: {count(len(values), 'value')}", err=True)
