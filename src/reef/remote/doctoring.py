"""Jobs in which locations are examined: made, watched, read, removed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from reef.cluster.errors import ApiUnreachable, ClusterError, NotFound
from reef.cluster.kinds import CONFIG_MAP, JOB, POD, Document
from reef.cluster.logs import log
from reef.controller.known import read_known
from reef.controller.settings import pods_of_reef
from reef.decide.cluster.probing import Fails, ProbePatience, trial
from reef.errors import ReefError
from reef.kube import labels
from reef.kube.model import CodeLocation
from reef.kube.objects.doctor_job import doctor_job, doctor_order, findings_map
from reef.kube.objects.pack_config_map import load_timeout_s
from reef.kube.objects.released import ReefPods, Released
from reef.kube.seen.reading import pod_seen
from reef.kube.seen.state import ContainerSeen, PodSeen
from reef.peers.diagnosis import DoctorOrder
from reef.remote.controllers import told
from reef.remote.reaching import Remote
from reef.words import describe

LOOK_S = 0.5
ENDS_S = 5.0  # of the location's container, once all is said
JOB_NAME = "batch.kubernetes.io/job-name"
LOADS = 5  # what examining takes, in loads: its own, the trials, and the time to begin
PATIENCE = ProbePatience()


@dataclass(frozen=True)
class Patient:
    """A location as it is to be examined; `uid` is the object's."""

    location: CodeLocation
    uid: str
    version: str = "asked"

    @property
    def name(self) -> str:
        """The object's name."""
        return self.location.name

    def with_image(self, image: str) -> Patient:
        """The same settings with another image."""
        spec = msgspec.structs.replace(self.location.spec, image=image)
        return replace(self, location=replace(self.location, spec=spec), version="before")


@dataclass(frozen=True)
class NotExamined:
    """`kind` as the doctor's own troubles; `message` for people."""

    kind: str
    message: str


def patient(document: Document) -> Patient | NotExamined:
    """Of a CodeLocation as the API server has it."""
    known = read_known(document)
    if known.location is None:
        return NotExamined("unreadable", known.problem)
    if known.location.spec.server:
        return NotExamined("partial", "external: its server runs elsewhere")
    if not known.location.spec.image:
        return NotExamined("unreadable", "it names no image")
    return Patient(known.location, known.uid)


async def reefs(remote: Remote) -> ReefPods:
    """Reef's own containers, as the chart told the controller. Raises ReefError."""
    said = await told(remote)
    if not said.get("REEF_IMAGE"):
        raise ReefError(
            f"namespace {remote.namespace} has no Deployment reef-controller that may be read",
            hint="it says which image of Reef the pods have: install the chart there, or name another namespace",
        )
    return pods_of_reef(said)


@dataclass(frozen=True)
class Printed:
    """`content`: the line of the process in the pod. `out_of_memory`: kubelet says so of the location's container."""

    content: bytes
    out_of_memory: bool


async def diagnosed(
    remote: Remote, reef: ReefPods, who: Patient, mark: str, **wishes: Any
) -> Printed | NotExamined:
    """What the process in its pod printed. The Job is gone afterwards, or soon. Raises ClusterError where nothing can
    be made or seen."""
    released = Released(who.location, who.version, str(who.location.spec.image))
    wishes = {"timeout_s": load_timeout_s(who.location), **wishes}
    order = doctor_order(released, remote.namespace, start_s=PATIENCE.start_s, **wishes)
    most_s = int(PATIENCE.start_s + LOADS * (order.timeout_s + 30.0))
    job = doctor_job(released, remote.namespace, who.uid, reef, order, mark, most_s)
    name = job["metadata"]["name"]
    await remote.client.create(JOB, job)
    try:
        return await _Watch(remote, name, order).ended(time.monotonic() + most_s + 30.0)
    finally:
        await asyncio.shield(_removed(remote, name))


async def _removed(remote: Remote, name: str) -> None:
    """Where this fails, Kubernetes removes it by itself a while after its end."""
    with contextlib.suppress(ClusterError):
        await remote.client.delete(JOB, name, remote.namespace, propagation="Background")


class _Watch:
    """Looks at the pod of one Job until it has said all."""

    def __init__(self, remote: Remote, job: str, order: DoctorOrder) -> None:
        self._remote, self._job, self._order = remote, job, order
        self._done_at: float | None = None

    async def ended(self, deadline: float) -> Printed | NotExamined:
        while time.monotonic() < deadline:
            with contextlib.suppress(ApiUnreachable):  # it may be back in time
                found = await self._remote.listed(POD, f"{JOB_NAME}={self._job}")
                said = await self._said(pod_seen(found[0])) if found else None
                if said is not None:
                    return said
            await asyncio.sleep(LOOK_S)
        return NotExamined("timeout", "its pod did not end in time")

    async def _said(self, pod: PodSeen) -> Printed | NotExamined | None:
        """None while it is under way."""
        host = pod.containers.get(labels.HOST_CONTAINER, ContainerSeen(labels.HOST_CONTAINER))
        one = pod.containers.get(labels.PROBE_CONTAINER, ContainerSeen(labels.PROBE_CONTAINER))
        if host.state == "terminated" and host.exit_code == 0:
            self._done_at = self._done_at or time.monotonic()
            if one.state == "running" and time.monotonic() < self._done_at + ENDS_S:
                return None  # how it ended may be what there is to say
            return await self._printed(pod.name, one.reason == "OOMKilled")
        if host.state == "running" and one.was_started:
            return None  # the process beside it tells what becomes of it
        seen = trial(pod, labels.PROBE_CONTAINER, self._order.timeout_s * LOADS, time.time())
        return NotExamined("unreadable", seen.message) if isinstance(seen, Fails) else None

    async def _printed(self, pod: str, out_of_memory: bool) -> Printed | NotExamined:
        found = b""
        try:
            async with log(self._remote.client, pod, labels.HOST_CONTAINER, self._remote.namespace) as lines:
                async for line in lines:
                    found = line if line.startswith(b"{") else found
        except NotFound as error:
            return NotExamined("partial", f"its pod was removed before it was read: {describe(error)}")
        if not found:
            return NotExamined("partial", "the process in its pod printed nothing")
        return Printed(found, out_of_memory)


async def kept(remote: Remote, who: Patient, at: float, lines: tuple[str, ...]) -> str:
    """Writes down what was found, for a page. Why it was not; "" where it was."""
    try:
        await remote.client.apply(
            CONFIG_MAP, findings_map(who.location, remote.namespace, who.uid, at, lines)
        )
    except ClusterError as error:
        return describe(error)
    return ""
