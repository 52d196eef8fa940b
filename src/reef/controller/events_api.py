"""Events of a CodeLocation, as `kubectl describe` shows them: what was promoted, refused, rolled back, halted.

They are for people. The status is the truth, so an event that cannot be written is forgotten, and so is one too many.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from reef.background import Background
from reef.cluster.client import Client
from reef.cluster.errors import ClusterError
from reef.cluster.kinds import EVENT, Document
from reef.controller.asked import Asked
from reef.controller.known import Known
from reef.decide.cluster.releasing import Release
from reef.decide.cluster.rolling import Rollout
from reef.kube.group import API_VERSION, KIND
from reef.kube.seen.reading import timestamp
from reef.words import describe, headline

log = logging.getLogger("reef.controller")

COMPONENT = "reef-controller"
Reason = Literal["Promoted", "RolledBack", "Refused", "Halted", "NotRunning"]
_WARNINGS = ("Refused", "Halted", "NotRunning")
BURST = 50  # at once, as when a fleet is applied
A_SECOND = 1.0  # after that
AGAIN_S = 600.0  # the same is said again no sooner
_MOST = 4096  # of what was said
_LONGEST = 1024  # characters, as Kubernetes allows


class Events:
    """Belongs to one event loop. `instance` is the pod that says it."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        instance: str,
        background: Background,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._instance = instance
        self._background = background
        self._clock = clock
        self._said: OrderedDict[tuple[str, Reason, str], float] = OrderedDict()
        self._left, self._since = float(BURST), clock()

    def say(self, location: Known, reason: Reason, note: str) -> None:
        """Begin to write it. Raises nothing."""
        now = self._clock()
        key = (location.uid, reason, note)
        if now - self._said.get(key, float("-inf")) < AGAIN_S or not self._may(now):
            return
        self._said[key] = now
        self._said.move_to_end(key)
        if len(self._said) > _MOST:
            self._said.popitem(last=False)
        document = event(location, self._namespace, self._instance, reason, note, now)
        self._background.spawn(self._write(document))

    def say_halted(self, fleet: Sequence[Asked], rollout: Rollout | None) -> None:
        """To those whose turn does not come."""
        if rollout is None or not rollout.halted:
            return
        for each in fleet:
            if each.name in rollout.wanted and each.book.version != each.version:
                self.say(each.known, "Halted", f"The rollout has stopped. {rollout.halted}")

    def say_not_running(self, fleet: Sequence[Asked], releases: Mapping[str, Release]) -> None:
        """Of those whose pod does not run, though their version was loaded when it was tried."""
        for each in fleet:
            if (release := releases.get(each.name)) is not None:
                told = release.message if release.reason == "NotRunning" else release.not_running
                if told and release.phase != "refused":
                    self.say(each.known, "NotRunning", told)

    def _may(self, now: float) -> bool:
        self._left = min(BURST, self._left + (now - self._since) * A_SECOND)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    async def _write(self, document: Document) -> None:
        try:
            await self._client.create(EVENT, document)
        except ClusterError as error:
            about = document["involvedObject"]["name"]
            log.info("an event of %s is not written: %s", about, headline(describe(error)))


def event(location: Known, namespace: str, instance: str, reason: Reason, note: str, now: float) -> Document:
    """`now` in unix seconds."""
    at = timestamp(now)
    about: dict[str, Any] = {"apiVersion": API_VERSION, "kind": KIND, "namespace": namespace}
    about |= {"name": location.name, "uid": location.uid}
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"name": f"{location.name[:200]}.{secrets.token_hex(8)}", "namespace": namespace},
        "involvedObject": about,
        "type": "Warning" if reason in _WARNINGS else "Normal",
        "reason": reason,
        "message": note if len(note) <= _LONGEST else f"{note[: _LONGEST - 1]}…",
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": instance,
    }
