"""Annotations that ask for a rollback: completed with what it takes the place of, and removed when that has changed."""

from __future__ import annotations

from collections.abc import Sequence

from reef.cluster.client import Client
from reef.cluster.kinds import CODE_LOCATION
from reef.controller.asked import Asked
from reef.controller.tasks import Tasks, Work
from reef.kube import labels


def completed(each: Asked) -> str | None:
    """What the annotation is to say: `""` for nothing any more, None where it is right as it is."""
    known = each.known
    if not known.rollback:
        return None
    if known.instead_of is not None:
        return None if known.instead_of == each.newest else ""
    if known.rollback not in each.book.kept:
        return None
    return f"{known.rollback}{labels.INSTEAD_OF}{each.newest}"


def note_rollbacks(fleet: Sequence[Asked], client: Client, namespace: str, tasks: Tasks) -> None:
    """Begin to write what is to be written."""
    for each in fleet:
        if (said := completed(each)) is not None:
            tasks.begin(f"noting the rollback of {each.name}", _writing(client, each.name, namespace, said))


def _writing(client: Client, name: str, namespace: str, said: str) -> Work:
    async def work() -> None:
        patch = {"metadata": {"annotations": {labels.ROLLBACK: said or None}}}
        await client.patch(CODE_LOCATION, name, patch, namespace)

    return work
