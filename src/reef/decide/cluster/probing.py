"""What the pod in which a version is tried tells: it loads, it waits for something, or it will not do."""

from __future__ import annotations

from dataclasses import dataclass

from reef.kube.labels import HOST_CONTAINER
from reef.kube.seen.state import ContainerSeen, PodSeen
from reef.words import seconds

# Words of kubelet's for what waiting does not mend.
_NEVER = {
    "InvalidImageName": "BadImage",
    "ErrImageNeverPull": "ImageNotThere",
    "CreateContainerError": "CannotStart",
    "RunContainerError": "CannotStart",
    "StartError": "CannotStart",
    "ContainerCannotRun": "CannotStart",
}
_PULL = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError")
_SETTINGS = ("CreateContainerConfigError",)


@dataclass(frozen=True)
class ProbePatience:
    """How long each is waited for, in seconds from when the pod was made."""

    room_s: float = 300.0
    image_s: float = 120.0
    settings_s: float = 30.0
    start_s: float = 900.0  # a large image is pulled without a word
    beyond_loading_s: float = 30.0


PATIENCE = ProbePatience()


@dataclass(frozen=True)
class Loads:
    """Both containers run: its host can be asked to load the code. `since` is when that began."""

    since: float


@dataclass(frozen=True)
class Waits:
    """Something is missing that may come. `reason` is a word for programs, `message` a sentence."""

    reason: str
    message: str


@dataclass(frozen=True)
class Fails:
    """It will not do. `final`: the same version would fail again, as far as can be known."""

    reason: str
    message: str
    final: bool = False


Trial = Loads | Waits | Fails


def trial(
    pod: PodSeen, container: str, load_timeout_s: float, now: float, patience: ProbePatience = PATIENCE
) -> Trial:
    """`container` is the location's."""
    if pod.phase in ("Failed", "Succeeded", "Unknown") and not _ended(pod, container):
        why = pod.message or pod.reason or "its node is gone"
        return Fails("PodLost", f"The pod in which it was tried was lost: {why}.")
    if pod.unschedulable is not None:
        return _no_room(pod, now, patience)
    one = pod.containers.get(container, ContainerSeen(container))
    if one.state == "terminated":
        return _terminated(one)
    if one.reason in _NEVER:
        return Fails(_NEVER[one.reason], _said(one, "Its container cannot start"), final=True)
    host = pod.containers.get(HOST_CONTAINER, ContainerSeen(HOST_CONTAINER))
    if host.state == "terminated" or host.reason in (*_PULL, *_SETTINGS, *_NEVER):
        return Fails("ReefFailed", _said(host, "Reef's own container does not run in its pod"))
    if one.reason in _PULL:
        return _until(
            now - pod.created, patience.image_s, "ImagePull", _said(one, f"{one.image} is not pulled")
        )
    if one.reason in _SETTINGS:
        return _until(
            now - pod.created, patience.settings_s, "Settings", _said(one, "Its settings lack something")
        )
    if one.state == "running" and host.state == "running":
        return _loading(one, host, pod, load_timeout_s, now, patience)
    told = f"Its pod starts: {one.reason}." if one.reason else "Its pod starts."
    return _until(now - pod.created, patience.start_s, "Starting", told)


def _ended(pod: PodSeen, container: str) -> bool:
    return container in pod.containers and pod.containers[container].state == "terminated"


def _no_room(pod: PodSeen, now: float, patience: ProbePatience) -> Trial:
    since = pod.unschedulable_since if pod.unschedulable_since is not None else pod.created
    told = f"No node has room for the pod in which it is tried: {pod.unschedulable}"
    return _until(now - since, patience.room_s, "NoRoom", told)


def _until(waited_s: float, most_s: float, reason: str, message: str) -> Trial:
    if waited_s < most_s:
        return Waits(reason, message)
    return Fails(reason, f"{message.rstrip('.')}, after {seconds(most_s)}.")


def _terminated(one: ContainerSeen) -> Fails:
    if one.reason == "OOMKilled":
        return Fails(
            "OutOfMemory", "Its container was ended at its memory limit before its code was loaded.", True
        )
    if one.reason in _NEVER:
        return Fails("CannotStart", _said(one, "Its container cannot start"), True)
    code = f"exit code {one.exit_code}" if one.exit_code is not None else "an unknown exit code"
    hint = ""
    if one.exit_code in (126, 127, 128):
        hint = " Has the image a python3 that its ENTRYPOINT finds? If not, name one in spec.python."
    told = f" It said: {one.message}" if one.message else ""
    return Fails("ImageEnds", f"Its container ended at once, with {code}.{told}{hint}", True)


def _loading(
    one: ContainerSeen,
    host: ContainerSeen,
    pod: PodSeen,
    load_timeout_s: float,
    now: float,
    patience: ProbePatience,
) -> Trial:
    since = max(one.since or pod.created, host.since or pod.created)
    if now - since < load_timeout_s + patience.beyond_loading_s:
        return Loads(since)
    return Fails("LoadTimeout", f"Its code was not loaded within {seconds(load_timeout_s)}.", True)


def _said(one: ContainerSeen, beginning: str) -> str:
    return f"{beginning}: {one.message or one.reason}"
