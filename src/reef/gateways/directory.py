"""Which locations there are, and where: told objects of the cluster, asked by the rest of a gateway.

It forgets slowly. A cluster that is losing its mind (an empty list, a list that fails, an object that is deleted and
made again) closes no listener.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from reef.gateways.objects import Object, Pod, Site, name_of, pod_of, site_of

GONE_AFTER_S = 10.0


class Known(Struct, frozen=True):
    """All of a directory, for the disk."""

    sites: tuple[Site, ...] = ()
    pods: tuple[Pod, ...] = ()


class Directory:
    """`now` is in seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self._sites: dict[str, Site] = {}
        self._missing: dict[str, float] = {}  # since when
        self._pods: dict[str, Pod] = {}
        self._heard: list[Callable[[], None]] = []
        self.listed = False  # whether the cluster has told all its CodeLocations

    def on_change(self, hear: Callable[[], None]) -> None:
        """Called after each change."""
        self._heard.append(hear)

    def _changed(self) -> None:
        for hear in self._heard:
            hear()

    # -- told --------------------------------------------------------------------------------------

    def recall(self, known: Known) -> None:
        """What an earlier process knew. Of pods only those of packs: who answers at the address of an own pod that went
        is another location, and would not say so; a pack's host has a certificate and is told the location."""
        self._sites = {site.name: site for site in known.sites}
        self._pods = {pod.name: pod for pod in known.pods if pod.pack}
        self._changed()

    def locations_listed(self, objects: Iterable[Object], now: float) -> None:
        """All CodeLocations. An empty list takes nothing away."""
        found = {name_of(thing): thing for thing in objects}
        for thing in found.values():
            self._take(thing)
        if found:
            for name in self._sites.keys() - found.keys():
                self._missing.setdefault(name, now)
        self.listed = True
        self._changed()

    def location(self, thing: Object) -> None:
        """One that came or changed. What it no longer says of where it is stays as it was said."""
        self._take(thing)
        self._changed()

    def location_gone(self, name: str, now: float) -> None:
        if name in self._sites:
            self._missing.setdefault(name, now)

    def _take(self, thing: Object) -> None:
        name = name_of(thing)
        self._missing.pop(name, None)
        if (site := site_of(thing)) is not None:
            self._sites[name] = site

    def forget(self, now: float) -> tuple[str, ...]:
        """Those that were missing for long enough, now forgotten."""
        gone = tuple(name for name, since in self._missing.items() if now - since >= GONE_AFTER_S)
        for name in gone:
            del self._missing[name]
            self._sites.pop(name, None)
        if gone:
            self._changed()
        return gone

    def pods_listed(self, objects: Iterable[Object]) -> None:
        """All pods. An empty list takes no pack away: its host says by itself who it is."""
        found = {pod.name: pod for pod in map(pod_of, objects) if pod is not None}
        self._pods = found or {pod.name: pod for pod in self._pods.values() if pod.pack}
        self._changed()

    def pod(self, thing: Object) -> None:
        pod = pod_of(thing)
        if pod is None:
            self.pod_gone(name_of(thing))
            return
        self._pods[pod.name] = pod
        self._changed()

    def pod_gone(self, name: str) -> None:
        if self._pods.pop(name, None) is not None:
            self._changed()

    # -- asked -------------------------------------------------------------------------------------

    def sites(self) -> dict[str, Site]:
        return dict(self._sites)

    def site(self, name: str) -> Site | None:
        return self._sites.get(name)

    def pods_of(self, site: Site) -> tuple[Pod, ...]:
        """Those that may be called: with an address, staying, and a pack's only while its host is ready."""
        if site.placement == "packed":
            return tuple(pod for pod in self._of_pack(site.where) if pod.ready)
        return tuple(
            pod for pod in self._pods.values() if pod.location == site.name and pod.ip and not pod.leaving
        )

    def _of_pack(self, pack: str) -> Iterable[Pod]:
        return (pod for pod in self._pods.values() if pod.pack == pack and pod.ip and not pod.leaving)

    def has_pod(self, site: Site, without: frozenset[str] = frozenset()) -> bool:
        """Whether one of its own stays or comes, whatever it can do yet."""
        return any(
            pod.location == site.name and not pod.leaving and pod.uid not in without
            for pod in self._pods.values()
        )

    def uids(self) -> frozenset[str]:
        return frozenset(pod.uid for pod in self._pods.values())

    def known(self) -> Known:
        return Known(tuple(self._sites.values()), tuple(self._pods.values()))
