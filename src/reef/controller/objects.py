"""Objects that follow from the fleet alone: Services, the workspace, defaults of variables."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from reef.cluster.client import Client
from reef.cluster.errors import ClusterError, NotFound
from reef.cluster.kinds import CONFIG_MAP, SERVICE, Document, Kind
from reef.controller.asked import Asked
from reef.controller.watched import HASH, Watched, data_hash
from reef.kube import labels
from reef.kube.objects.adopted import adopted, given_back, leads_to, made_by_reef
from reef.kube.objects.environment import defaults_maps
from reef.kube.objects.meta import digest, location_owner
from reef.kube.objects.owners import made_by
from reef.kube.objects.service import service
from reef.kube.objects.workspace import workspace_config_map
from reef.words import describe

log = logging.getLogger("reef.controller")

AT_ONCE = 16


class Objects:
    """Applied only where something differs: at rest nothing is written."""

    def __init__(self, client: Client, watched: Watched, namespace: str, workspace: str) -> None:
        self._client = client
        self._watched = watched
        self._namespace = namespace
        self._workspace = workspace
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.foreign: dict[str, str] = {}  # location -> whose its Service is

    async def follow(self, fleet: Sequence[Asked], ports: Mapping[str, int], there: Collection[str]) -> None:
        """`there`: all CodeLocations. Raises ClusterError. One object that is refused hinders no other."""
        wanted: list[tuple[Kind, Document]] = []
        taken: list[Document] = []
        self.foreign = {}
        for each in fleet:
            if each.name not in ports:
                continue
            now = self._watched.services.get(each.name)
            if now is None or made_by_reef(now):
                found = service(
                    each.location, self._namespace, each.known.uid, ports[each.name], labels.GATEWAYS
                )
                wanted.append((SERVICE, found))
            elif not _may_take(each):
                self.foreign[each.name] = str(made_by(now))
            elif not _is_adopted(
                now, found := adopted(each.location, now, ports[each.name], labels.GATEWAYS)
            ):
                taken.append(found)
        pairs = [(each.location, location_owner(each.name, each.known.uid)) for each in fleet]
        wanted += [(CONFIG_MAP, one) for one in defaults_maps(pairs, self._namespace)]
        listed = [(each.location, self._namespace) for each in fleet]
        wanted.append((CONFIG_MAP, workspace_config_map(self._workspace, self._namespace, listed)))
        await self._take(taken)
        await self.give_back(there)
        await self.bring(wanted)

    async def bring(self, wanted: Iterable[tuple[Kind, Document]]) -> None:
        """Apply those of which the cluster has another state, some at a time. Raises one of the ClusterErrors."""
        marked = [(kind, _marked(document)) for kind, document in wanted]
        todo = [self._apply(kind, each) for kind, each in marked if not self._is_there(kind, each)]
        failures = [each for each in await asyncio.gather(*todo) if each is not None]
        if failures:
            raise failures[0]

    async def _apply(self, kind: Kind, document: Document) -> ClusterError | None:
        async with self._turns:
            try:
                await self._client.apply(kind, document)
            except ClusterError as error:
                name = document["metadata"]["name"]
                log.warning("%s %s is not applied: %s", kind, name, describe(error))
                return error
        return None

    def _is_there(self, kind: Kind, document: Document) -> bool:
        """What it is made from, and what it has by now: somebody else may have changed it."""
        cache = self._watched.services if kind is SERVICE else self._watched.config_maps
        found = cache.get(document["metadata"]["name"])
        if found is None:
            return False
        notes = found["metadata"].get("annotations") or {}
        if notes.get(labels.MADE_FROM) != document["metadata"]["annotations"][labels.MADE_FROM]:
            return False
        if kind is CONFIG_MAP:
            return bool(found[HASH] == data_hash(document))
        return _leads(found["spec"]) == _leads(document["spec"])

    async def give_back(self, there: Collection[str]) -> None:
        """Services that were taken over lead where they led, once their CodeLocation is not `there` any more."""
        for (_, name), each in list(self._watched.services.objects.items()):
            if name in there or (back := given_back(each, labels.GATEWAYS)) is None:
                continue
            try:
                await self._client.patch(SERVICE, name, back, self._namespace)
                log.info("the Service %s leads where it led: its CodeLocation is gone", name)
            except ClusterError as error:
                log.warning("the Service %s is not given back: %s", name, describe(error))

    async def _take(self, services: Iterable[Document]) -> None:
        """Services of somebody else, where a person has said to take them."""
        for each in services:
            name = each["metadata"]["name"]
            try:
                await self._client.apply(SERVICE, each)
                log.info("the Service %s leads to gateways from now on", name)
            except ClusterError as error:
                log.warning("the Service %s is not taken over: %s", name, describe(error))


def _may_take(each: Asked) -> bool:
    """A person has said so, and there is something to lead to."""
    return each.location.annotations.get(labels.CUTOVER) == "true" and (
        each.external or each.book.shown is not None
    )


def _is_adopted(there: Document, wanted: Document) -> bool:
    """Other ports and annotations of it are its owner's."""
    (port,) = wanted["spec"]["ports"]
    if leads_to(there, port["port"], wanted["spec"]["selector"]) != port["targetPort"]:
        return False
    notes = there["metadata"].get("annotations") or {}
    return all(notes.get(name) == each for name, each in wanted["metadata"].get("annotations", {}).items())


def _leads(spec: Mapping[str, Any]) -> object:
    """Where a Service leads to."""
    ports = [(each["port"], each.get("targetPort")) for each in spec.get("ports") or ()]
    return spec.get("selector"), ports


def _marked(document: Document) -> Document:
    meta = dict(document["metadata"])
    meta["annotations"] = {**(meta.get("annotations") or {}), labels.MADE_FROM: digest(document)}
    return {**document, "metadata": meta}


async def gone(client: Client, kind: Kind, name: str, namespace: str) -> None:
    """Delete it, if it is there. Raises ClusterError."""
    try:
        await client.delete(kind, name, namespace)
    except NotFound:
        return
