"""Probe pods: made, asked, recorded, removed."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from reef.cluster.client import Client
from reef.cluster.errors import Conflict
from reef.cluster.kinds import CONFIG_MAP, POD
from reef.controller.asked import Asked
from reef.controller.book import KeptVersion
from reef.controller.hosts import Hosts
from reef.controller.library import Library
from reef.controller.objects import gone
from reef.controller.peering import PackPeer, PeerUnreachable
from reef.controller.recording import Probed, probed
from reef.decide.cluster.verdicts import Tried
from reef.kube.labels import PROBE_CONTAINER
from reef.kube.objects.pack_config_map import load_timeout_s
from reef.kube.objects.probe import probe_config_map, probe_pod
from reef.kube.objects.released import ReefPods
from reef.kube.objects.versions import pinned, recorded
from reef.kube.seen.state import PodSeen
from reef.peers.messages import ServedNow
from reef.records.served import server_id
from reef.snapshots.record import told_load_error

log = logging.getLogger("reef.controller")

HOST_S = 30.0
LOOK_S = 0.1


@dataclass(frozen=True)
class Probes:
    """`tried` is what probes said, by location, for the next look."""

    client: Client
    namespace: str
    reef: ReefPods
    hosts: Hosts
    library: Library
    tried: dict[str, Tried]

    async def start(self, each: Asked, near: str | None) -> None:
        """Raises ClusterError."""
        trial = each.trial()
        uid = each.known.uid
        await self.client.apply(CONFIG_MAP, probe_config_map(trial, self.namespace, uid))
        try:
            await self.client.create(POD, probe_pod(trial, self.namespace, uid, self.reef, near))
        except Conflict:
            return
        log.info("version %s of %s is tried", trial.version, each.name)

    async def end(self, pod: str) -> None:
        """Raises ClusterError."""
        await gone(self.client, POD, pod, self.namespace)
        await gone(self.client, CONFIG_MAP, pod, self.namespace)

    async def ask(self, each: Asked, pod: PodSeen) -> None:
        """Load and record it. Raises PeerUnreachable, OSError."""
        peer = self.hosts.at(pod)
        await _answering(peer)
        found = await probed(peer, each.name, load_timeout_s(each.location))
        recording = found.recording
        if recording.snapshot is None:
            told = found.reply.failed or told_load_error(
                recording.load_error or "", each.location.location_name
            )
            self.tried[each.name] = Tried(each.version, time.time(), told)
            return
        digest = await self.library.keep(recording.snapshot)
        kept = _kept(each, pod, found, digest)
        await self.library.edit(each.name, lambda book: book.with_version(kept))
        self.tried[each.name] = Tried(each.version, time.time())
        log.info("version %s of %s loads, in %.1f s", each.version, each.name, found.seconds)


async def _answering(peer: PackPeer) -> None:
    """Its host has just been started. Raises PeerUnreachable where it does not answer for a while."""
    deadline = time.monotonic() + HOST_S
    while True:
        try:
            await peer.state()
            return
        except PeerUnreachable:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(LOOK_S)


def _kept(each: Asked, pod: PodSeen, found: Probed, digest: str) -> KeptVersion:
    image = each.location.spec.image or ""
    image_id = pod.containers[PROBE_CONTAINER].image_id
    served = ServedNow(server_id=server_id(each.version, digest, None), snapshot=digest, version=each.version)
    return KeptVersion(
        version=each.version,
        image=image,
        pinned=pinned(image, image_id),
        digest=image_id.rpartition("@")[2],
        spec=recorded(each.location),
        served=served,
        recorded_at=time.time(),
        definitions=found.recording.definitions,
        load_s=found.reply.load_s or found.seconds,
        private_bytes=found.reply.private_bytes or None,
        listening=found.reply.listening,
        connects=found.reply.connects,
    )
