"""What the page of one location shows beside its row: the end of its log, its versions, what its conditions say."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Sequence

from reef.cluster.client import Client
from reef.cluster.errors import ClusterError
from reef.cluster.kinds import REPLICA_SET, Document
from reef.cluster.logs import log
from reef.kube.seen.reading import seconds
from reef.remote.places import OURS, Place, surroundings
from reef.remote.rows import condition, phase
from reef.web.plain_text import without_escapes
from reef.web.told import Detail, Version
from reef.words import describe, headline

LOG_LINES, READ_LINES = 200, 4000
FRESH_S, SETS_S = 4.0, 15.0


class Details:
    """Belongs to one event loop. `logs` False: nobody may read them."""

    def __init__(self, client: Client, namespace: str, *, logs: bool) -> None:
        self._client, self._namespace, self._logs = client, namespace, logs
        self._known: dict[str, tuple[float, Detail]] = {}
        self._sets: tuple[float, Sequence[Document]] = (0.0, ())

    async def of(self, location: Document, pods: Sequence[Document]) -> Detail:
        """As it was some seconds ago, where it was asked for then: a page that is open asks once a second."""
        name, now = location["metadata"]["name"], time.monotonic()
        self._known = {each: found for each, found in self._known.items() if now - found[0] < FRESH_S}
        if name not in self._known:
            self._known[name] = (now, await self._read(location, pods))
        return self._known[name][1]

    async def _read(self, location: Document, pods: Sequence[Document]) -> Detail:
        place = await self._place(location, pods)
        text = await self._log(location["metadata"]["name"], place) if self._logs else ""
        return Detail(text, versions_of(location), error_of(location), _parts(location, place))

    async def _place(self, location: Document, pods: Sequence[Document]) -> Place:
        now = time.monotonic()
        if now - self._sets[0] > SETS_S:
            try:
                self._sets = (now, (await self._client.list(REPLICA_SET, self._namespace, OURS)).items)
            except ClusterError as error:
                return Place(why=f"its container is not known: {headline(describe(error))}")
        return surroundings(pods, self._sets[1]).of(location)

    async def _log(self, name: str, place: Place) -> str:
        if place.pod is None:
            return ""
        lines: deque[str] = deque(maxlen=LOG_LINES)
        wanted = READ_LINES if place.shared else LOG_LINES
        try:
            async with log(self._client, place.pod, place.container, self._namespace, lines=wanted) as found:
                async for line in found:
                    own = line_of(line, name) if place.shared else line.decode(errors="replace")
                    if own is not None:
                        lines.append(without_escapes(own.rstrip("\n")))
        except ClusterError as error:
            return f"(its log cannot be read: {headline(describe(error))})"
        return "\n".join(lines)


def line_of(line: bytes, name: str) -> str | None:
    """What a location said, of a line of a container that serves several; None for what another one said."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return str(found.get("line", "")) if isinstance(found, dict) and found.get("location") == name else None


def versions_of(location: Document) -> tuple[Version, ...]:
    """Newest first."""
    status = location.get("status") or {}
    now = status.get("version")
    found: list[Version] = []
    for each in status.get("history") or ():
        version = str(each["version"])
        is_first = version not in {one.version for one in found}
        why = f"{each['why']} ({each['image']})" if each.get("image") else str(each["why"])
        can = is_first and version != now and bool(each.get("kept"))
        found.append(
            Version(version, seconds(each["at"]) or 0.0, True, why, can, is_first and version == now)
        )
    return tuple(found)


def error_of(location: Document) -> str:
    """Of the newest version, where that does not load."""
    if phase(location) != "refused":
        return ""
    status = location.get("status") or {}
    said = [condition(status, kind) for kind in ("Stalled", "Degraded", "Reconciling")]
    return next((str(each["message"]) for each in said if each.get("status") == "True"), "")


def _parts(location: Document, place: Place) -> tuple[tuple[str, tuple[str, ...]], ...]:
    status = location.get("status") or {}
    placed = status.get("placement") or {}
    where = f"{place.pod}, container {place.container}" if place.pod else place.why
    node = f" on {place.node}" if place.node else ""
    why = f"{placed['chosen']}: {placed['reason']}" if placed.get("chosen") else "It has no place yet."
    said = tuple(
        f"{each['type']}={each['status']}, {each['reason']}: {each['message']}"
        for each in status.get("conditions") or ()
    )
    return (("Where it runs, and why", (why, f"{where}{node}")), ("Conditions", said))
