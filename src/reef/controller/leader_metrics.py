"""What a leader measures of the locations and of their pods."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping

from reef.cluster.client import Client
from reef.cluster.errors import ClusterError
from reef.cluster.kinds import EVENT
from reef.controller.book import Book
from reef.controller.facts import Facts, FollowedObjects, facts, own_pods
from reef.controller.library import Library
from reef.controller.pulls import PULLED, Pull, pulls
from reef.controller.watched import Watched
from reef.metrics import of_locations, of_pods
from reef.metrics.exposition import Page, of_location
from reef.metrics.of_locations import STATES
from reef.words import describe

log = logging.getLogger("reef.controller")

SHORT = 12  # of a version
PULLS_EVERY_S = 60.0


class LeaderMetrics:
    """All on the event loop but `put`."""

    def __init__(self, watched: Watched, library: Library, client: Client, namespace: str) -> None:
        self._watched, self._library = watched, library
        self._client, self._namespace = client, namespace
        self._facts: tuple[Facts, ...] = ()
        self._pulls: Mapping[str, Pull] = {}
        self._pulls_at = -PULLS_EVERY_S

    async def look(self) -> None:
        watched, library = self._watched, self._library
        pods = watched.pods_seen()
        sets = tuple(watched.sets_seen(pods))
        objects = FollowedObjects(own_pods(watched.pods.objects.values()), sets, watched.deployments_seen())
        books = [(each, library.of(each.name)) for each in watched.known()]
        self._facts = tuple(facts(each, book, objects) for each, book in books)
        await self._read_pulls([book for _, book in books])

    async def _read_pulls(self, books: Iterable[Book]) -> None:
        """Kubelet's events are there for an hour. What they said stays as long as a version that is kept has the
        image."""
        now = time.monotonic()
        if now - self._pulls_at < PULLS_EVERY_S:
            return
        self._pulls_at = now
        try:
            with self._client.asking_for(2.0):
                listed = await self._client.list(EVENT, self._namespace, fields=PULLED)
        except (ClusterError, OSError) as error:
            log.info("kubelet's events are not read: %s", describe(error))
            return
        kept = {image for book in books for each in book.kept.values() for image in each.images}
        before = {image: pull for image, pull in self._pulls.items() if image in kept}
        self._pulls = {**before, **pulls(listed.items)}

    def put(self, page: Page) -> None:
        for each in self._facts:
            where = of_location(each.name, each.owner)
            _released(page, each, where)
            _asked_of_the_cluster(page, each, where)
            _of_pods(page, each, where)
            for pull in [self._pulls[image] for image in each.images if image in self._pulls][:1]:
                _pulled(page, pull, where)


def _pulled(page: Page, pull: Pull, where: str) -> None:
    page.put(of_pods.PULL_SECONDS, pull.seconds, where)
    if pull.bytes is not None:
        page.put(of_pods.IMAGE_BYTES, pull.bytes, where)


def _released(page: Page, each: Facts, where: str) -> None:
    page.put(of_locations.INFO, 1, where, each.placement, each.version[:SHORT])
    page.put(of_locations.LOAD_FAILED, each.load_failed, where)
    page.put(of_locations.PINNED, each.pinned, where)
    if each.recorded_at is not None:
        page.put(of_locations.RECORDED_AT, each.recorded_at, where)
    if each.state is not None:
        for state in STATES:
            page.put(of_locations.STATE, state == each.state, where, state)


def _asked_of_the_cluster(page: Page, each: Facts, where: str) -> None:
    for name, metric in (("memory", of_pods.MEMORY_REQUEST), ("cpu", of_pods.CPU_REQUEST)):
        if name in each.requests:
            page.put(metric, each.requests[name], where)
    if each.memory_limit is not None:
        page.put(of_pods.POD_MEMORY_LIMIT, each.memory_limit, where)


def _of_pods(page: Page, each: Facts, where: str) -> None:
    for phase in ("Pending", "Running", "Failed"):
        if each.state is not None:
            page.put(of_pods.PODS, sum(pod.phase == phase for pod in each.pods), where, phase)
    for pod in each.pods:
        page.put(of_pods.POD_INFO, 1, where, pod.name)
    if each.ready_s is not None:
        page.put(of_pods.PODS_READY, each.ready_s, where)
    if each.started_s is not None:
        page.put(of_pods.CONTAINER_STARTED, each.started_s, where)
