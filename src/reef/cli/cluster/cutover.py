"""What `reef cutover` does with many locations, and what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click

from reef.cluster.errors import ClusterError
from reef.cluster.kinds import SERVICE, Document
from reef.kube import labels
from reef.kube.objects.owners import MadeBy, made_by
from reef.remote.committing import Advice, advice
from reef.remote.controllers import told
from reef.remote.cutover import Cutover, Failed, Result
from reef.remote.cutting import CutoverRefused, needs_nothing
from reef.remote.reaching import Remote, run
from reef.remote.rows import notes
from reef.words import count, describe

WORKSPACE = "REEF_WORKSPACE_CONFIGMAP"
Show = Callable[[dict[str, object], str], None]


@dataclass(frozen=True)
class CutoverWish:
    """`locations`: none for all."""

    locations: Sequence[str]
    back: bool
    sync_cannot_undo: bool


def cut_over(context: str | None, namespace: str | None, wish: CutoverWish, show: Show) -> bool:
    """Whether all went well. Raises ReefError."""
    return run(context, namespace, lambda remote: _Run(remote, wish).whole(show))


class _Run:
    def __init__(self, remote: Remote, wish: CutoverWish) -> None:
        self._remote = remote
        self._wish = wish
        self._cutover = Cutover(remote, _tell)
        self._results: dict[str, Result] = {}

    async def whole(self, show: Show) -> bool:
        everything = await self._remote.locations()
        services = {each["metadata"]["name"]: each for each in await self._remote.listed(SERVICE)}
        chosen = await self._chosen(everything, services)
        told_first = [] if self._wish.back else await self._advice(chosen, everything, services)
        todo = await self._checked(chosen)
        if any(not self._wish.sync_cannot_undo and each.owner.syncs for each in told_first):
            _print(told_first)  # a refusal says: do what is said above
        await self._do(todo)
        results = list(self._results.values())
        done = [each for each in results if each.state == "cut_over"]
        after = [each for each in told_first if done and each.owner.program in ("helm", "somebody")]
        _print(after)
        data: dict[str, object] = {
            "namespace": self._remote.namespace,
            "context": self._remote.context,
            "results": [_plain(each) for each in results],
            "commit": [each.to_json() for each in told_first],
        }
        show(data, "\n".join([*map(_line, results), _totals(results)]))
        return all(each.state in ("cut_over", "back", "unchanged") for each in results)

    async def _chosen(self, everything: list[Document], services: dict[str, Document]) -> list[Document]:
        if self._wish.locations:
            return [await self._remote.location(each) for each in dict.fromkeys(self._wish.locations)]
        if self._wish.back:
            return [each for each in everything if labels.BEFORE_CUTOVER in notes(each)]
        there = [each for each in everything if each["metadata"]["name"] in services]
        return [each for each in there if not needs_nothing(each, services[each["metadata"]["name"]])]

    async def _advice(
        self, chosen: list[Document], everything: list[Document], services: dict[str, Document]
    ) -> list[Advice]:
        """By owner. What is cut over already counts: values are said for all of an owner at once."""
        owners: dict[MadeBy, list[Document]] = {}
        for each in everything:
            service = services.get(each["metadata"]["name"])
            if service is not None and (owner := made_by(service)).program != "reef":
                owners.setdefault(owner, []).append(each)
        names = {each["metadata"]["name"] for each in chosen}
        workspace = (await told(self._remote)).get(WORKSPACE) or "reef-workspace"
        found = []
        for owner, own in owners.items():
            cut = [
                each
                for each in own
                if each["metadata"]["name"] in names or notes(each).get(labels.CUTOVER) == "true"
            ]
            if any(each["metadata"]["name"] in names for each in cut):
                found += advice(owner, cut, own, workspace, self._remote.namespace)
        return found

    async def _checked(self, chosen: list[Document]) -> list[str]:
        """Before anything is changed, all that cannot be changed is known."""
        todo = []
        for each in chosen:
            name = each["metadata"]["name"]
            try:
                known = None if self._wish.back else await self._check(each)
            except CutoverRefused as refusal:
                known = Result(name, "refused", reason=describe(refusal))
            if known is None:
                todo.append(name)
            else:
                self._results[name] = known
        return todo

    async def _check(self, location: Document) -> Result | None:
        return await self._cutover.check(location, self._wish.sync_cannot_undo)

    async def _do(self, todo: list[str]) -> None:
        for number, name in enumerate(todo, 1):
            _tell(f"{number} of {len(todo)}: {name}")
            try:
                if self._wish.back:
                    self._results[name] = await self._cutover.back(name)
                else:
                    self._results[name] = await self._cutover.forward(name, self._wish.sync_cannot_undo)
            except CutoverRefused as refusal:
                self._results[name] = Result(name, "refused", reason=describe(refusal))
            except (Failed, ClusterError) as error:
                self._results[name] = Result(name, "failed", reason=describe(error))
                for rest in todo[number:]:
                    self._results[rest] = Result(rest, "not_reached", reason=f"{name} failed before it")
                return


def _tell(text: str) -> None:
    click.echo(text, err=True)


def _print(found: Sequence[Advice]) -> None:
    for each in found:
        click.echo(each.text(), err=True)


def _plain(result: Result) -> dict[str, Any]:
    return {**asdict(result), "owner": str(result.owner) if result.owner else None}


def _line(result: Result) -> str:
    text = f"{result.name}: {result.state.replace('_', ' ')}"
    if result.state == "cut_over":
        text += f", from {result.owner}"
    if result.state in ("cut_over", "back"):
        text += (
            "; it answers" if result.answers else "; its Service was looked at, it is not reachable from here"
        )
    return f"{text}: {result.reason}" if result.reason else text


def _totals(results: Sequence[Result]) -> str:
    counts = Counter(each.state.replace("_", " ") for each in results)
    said = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    return f"{count(len(results), 'location')}: {said or 'nothing to do'}"
