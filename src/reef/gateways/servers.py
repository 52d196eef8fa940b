"""Where the calls of each location go on a cluster, and who is started for them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reef.background import Background
from reef.gateway.contract import Endpoint, WakeRefused
from reef.gateways.contract import Cluster, NotScaled
from reef.gateways.directory import Directory
from reef.gateways.news import News, wait
from reef.gateways.objects import Pod, Site
from reef.gateways.reaching import Reaching, endpoint_of
from reef.words import describe

log = logging.getLogger("reef.gateways")

HOLD_S = 300.0  # a call without a deadline
LOOK_S = 1.0
SCALE_AGAIN_S = 2.0


@dataclass
class _Search:
    """For a server of one location, for all calls that wait for it."""

    task: asyncio.Task[None]
    waiting: int = 0


@dataclass(frozen=True)
class _Resting:
    """Pods that may be about to go, and until when they are not called (monotonic seconds)."""

    uids: frozenset[str]
    until: float


@dataclass
class ClusterServers:
    """Implements `gateway.contract.Servers`. All methods on the event loop; none blocks it."""

    cluster: Cluster
    directory: Directory
    reaching: Reaching
    news: News
    # Told of an on-demand location that answers, so many seconds after it was scaled up for a call.
    woken: Callable[[str, float], None] = lambda _name, _seconds: None
    _searches: dict[str, _Search] = field(default_factory=dict)
    _resting: dict[str, _Resting] = field(default_factory=dict)
    _scaled_at: dict[str, float] = field(default_factory=dict)
    _trouble: dict[str, str] = field(default_factory=dict)
    _turn: int = 0
    _background: Background = field(
        default_factory=lambda: Background(log, "looking for a server", expected=(WakeRefused,))
    )

    def changed(self) -> None:
        """The directory is another."""
        self.reaching.keep(self.directory.uids())
        self.news.tell()

    # -- where calls go ----------------------------------------------------------------------------

    def endpoint_now(self, name: str) -> Endpoint | None:
        site = self.directory.site(name)
        if site is None:
            return None
        if site.placement == "external":
            return Endpoint(site.where, "", server=site.where, kind="external", ssl=site.ssl)
        usable = [pod for pod in self._staying(site) if self.reaching.may_be_called(pod)]
        usable = [pod for pod in usable if pod.ready] or usable
        if not usable:
            return None
        self._turn += 1
        return endpoint_of(site, usable[self._turn % len(usable)])

    async def endpoint(self, name: str) -> Endpoint:
        while (found := self.endpoint_now(name)) is None:
            await self._searched(name)
        return found

    def endpoint_failed(self, name: str, endpoint: Endpoint, reason: str) -> None:
        if endpoint.kind in ("pack", "pod"):
            log.info("%s: no connection to %s: %s", name, endpoint.target, reason)
            self.reaching.failed(endpoint)

    def waiting(self, name: str) -> int:
        """Calls that wait for a server of it."""
        search = self._searches.get(name)
        return search.waiting if search else 0

    async def run_endpoints(self, name: str) -> tuple[Endpoint, ...]:
        """Every pod that may hold runs; a pack's host knows by itself which of its servers does."""
        site = self.directory.site(name)
        if site is None:
            return ()
        if site.placement == "external":
            found = self.endpoint_now(name)
            return (found,) if found else ()
        usable = [pod for pod in self.directory.pods_of(site) if self.reaching.may_be_called(pod)]
        return tuple(endpoint_of(site, pod) for pod in usable)

    async def cancel_orphan(self, name: str, run_id: str) -> bool:
        return False

    async def can_cancel_orphan(self, name: str, run_id: str) -> bool:
        return False

    def shutdown_wish(self, name: str) -> None:
        """Who may sleep, the controller and the pack's host decide."""

    def rest(self, name: str, seconds: float) -> None:
        """Call none of the pods that an on-demand location has now, for so long: they may be about to go."""
        site = self.directory.site(name)
        if site is not None:
            uids = frozenset(pod.uid for pod in self.directory.pods_of(site))
            self._resting[name] = _Resting(uids, time.monotonic() + seconds)

    async def aclose(self) -> None:
        await self._background.close()
        await self.reaching.aclose()

    # -- the search --------------------------------------------------------------------------------

    def _staying(self, site: Site) -> list[Pod]:
        resting = self._resting_uids(site.name)
        return [pod for pod in self.directory.pods_of(site) if pod.uid not in resting]

    def _resting_uids(self, name: str) -> frozenset[str]:
        resting = self._resting.get(name)
        if resting is not None and time.monotonic() >= resting.until:
            del self._resting[name]
            resting = None
        return resting.uids if resting else frozenset()

    async def _searched(self, name: str) -> None:
        """One search for all who wait; it ends with the last of them. Raises WakeRefused."""
        search = self._searches.get(name)
        if search is None or search.task.done():
            search = self._searches[name] = _Search(self._background.spawn(self._search(name)))
        search.waiting += 1
        try:
            async with asyncio.timeout(HOLD_S):
                await asyncio.shield(search.task)
        except TimeoutError:
            why = self._trouble.get(name, "no pod of it answers")
            raise WakeRefused(f"code location {name!r} could not be woken: {why}") from None
        finally:
            search.waiting -= 1
            if not search.waiting:
                search.task.cancel()
                if self._searches.get(name) is search:
                    del self._searches[name]

    async def _search(self, name: str) -> None:
        began, scaled = time.monotonic(), False
        while self.endpoint_now(name) is None:
            told = self.news.next()
            site = self.directory.site(name)
            if site is None:
                raise WakeRefused(f"code location {name!r} is not known to the cluster any more")
            for pod in self._staying(site):
                self.reaching.ask(endpoint_of(site, pod))
            if site.placement == "on_demand":
                scaled = await self._wake(site) or scaled
            await wait(told, LOOK_S)
        if scaled:
            self.woken(name, time.monotonic() - began)

    async def _wake(self, site: Site) -> bool:
        """See that there is a pod that stays. One that is being scaled down meanwhile is scaled up again. True where it
        was scaled up now."""
        if self.directory.has_pod(site, self._resting_uids(site.name)):
            self._scaled_at.pop(site.name, None)
            return False
        now = time.monotonic()
        if now - self._scaled_at.get(site.name, -SCALE_AGAIN_S) < SCALE_AGAIN_S:
            return False
        self._scaled_at[site.name] = now
        try:
            await self.cluster.scale(site.where, 1)
        except NotScaled as error:
            self._trouble[site.name] = describe(error)
            log.warning(
                "%s: Deployment %s could not be scaled to 1: %s", site.name, site.where, describe(error)
            )
            return False
        self._trouble.pop(site.name, None)
        return True
