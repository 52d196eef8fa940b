"""`reef support-bundle`: what somebody needs to help, as files of one archive; no Secret is read for it."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reef import __version__
from reef.cluster.errors import ClusterError
from reef.cluster.kinds import (
    CODE_LOCATION,
    CONFIG_MAP,
    DEPLOYMENT,
    EVENT,
    POD,
    REPLICA_SET,
    SERVICE,
    Document,
    Kind,
)
from reef.cluster.logs import log
from reef.kube import labels
from reef.kube.writing import yaml_text
from reef.remote.places import OURS
from reef.remote.reaching import Remote
from reef.remote.redacting import Redaction, images
from reef.words import describe

LINES = 1000
FOLDER = "reef-support"
# Containers of Reef, by the component of their pod. What locations print is theirs.
CONTAINERS = {
    "controller": "controller",
    "gateway": "gateway",
    "pack": labels.HOST_CONTAINER,
    "probe": labels.HOST_CONTAINER,
}
_KINDS: Sequence[tuple[Kind, str | None]] = (
    (CODE_LOCATION, None),
    (POD, OURS),
    (REPLICA_SET, OURS),
    (DEPLOYMENT, OURS),
    (SERVICE, None),
    (CONFIG_MAP, OURS),
    (EVENT, None),
)


@dataclass
class Bundle:
    """`files`: path -> text. `missing` says what could not be read, and why."""

    files: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


async def collect(remote: Remote) -> Bundle:
    """What cannot be read is listed, and hinders nothing."""
    bundle, found = Bundle(), dict[str, list[Document]]()
    for kind, chosen in _KINDS:
        try:
            found[kind.plural] = await remote.listed(kind, chosen)
        except ClusterError as error:
            bundle.missing[kind.plural] = describe(error)
    names = {each["metadata"]["name"] for each in found.get("codelocations", ())}
    if "services" in found:
        found["services"] = [each for each in found["services"] if _concerns(each, names)]
    everything = [each for documents in found.values() for each in documents]
    redaction = Redaction(everything, _shown(everything, remote.namespace))
    for plural, documents in found.items():
        plain = [redaction.document(each) for each in documents]
        bundle.files[f"{plural}.yaml"] = "".join(f"---\n{yaml_text(each)}" for each in plain)
    pods = found.get("pods", ())
    logs = await asyncio.gather(*(_log(remote, *each) for each in _containers(pods)))
    for path, text, problem in logs:
        if problem is not None:
            bundle.missing[path] = redaction.text(problem)
        else:
            bundle.files[path] = redaction.text(text)
    bundle.files["versions.yaml"] = yaml_text(await _versions(remote, pods))
    bundle.files["missing.yaml"] = yaml_text(bundle.missing)
    return bundle


def written(bundle: Bundle) -> bytes:
    """As a compressed archive."""
    content, now = io.BytesIO(), int(time.time())
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for path, text in sorted(bundle.files.items()):
            data = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"{FOLDER}/{path}")
            entry.size, entry.mtime, entry.mode = len(data), now, 0o600
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def _shown(documents: Sequence[Document], namespace: str) -> set[str]:
    """Names and images, which may be values of variables too."""
    found = {namespace, *(each["metadata"]["name"] for each in documents)}
    for each in documents:
        found.update(images(each))
        spec = each.get("spec") or {}
        found.update(spec[name] for name in ("owner", "location_name") if isinstance(spec.get(name), str))
    return found


def _concerns(service: Document, names: set[str]) -> bool:
    own = (service["metadata"].get("labels") or {}).get(labels.PART_OF) == "reef"
    return own or service["metadata"]["name"] in names


def _containers(pods: Sequence[Document]) -> list[tuple[str, str, bool]]:
    """Pod, container, and whether it is the process before a restart."""
    found = []
    for each in pods:
        name = each["metadata"]["name"]
        component = (each["metadata"].get("labels") or {}).get(labels.COMPONENT, "")
        container = CONTAINERS.get(component)
        if container is None:
            continue
        found.append((name, container, False))
        statuses = (each.get("status") or {}).get("containerStatuses") or ()
        if any(one["name"] == container and one.get("restartCount") for one in statuses):
            found.append((name, container, True))
    return found


async def _log(remote: Remote, pod: str, container: str, before: bool) -> tuple[str, str, str | None]:
    path = f"logs/{pod}-{container}{'-before' if before else ''}.log"
    try:
        async with log(remote.client, pod, container, lines=LINES, previous=before) as lines:
            return path, b"".join([line async for line in lines]).decode("utf-8", "replace"), None
    except ClusterError as error:
        return path, "", describe(error)


async def _versions(remote: Remote, pods: Sequence[Document]) -> Mapping[str, object]:
    images = {
        f"{each['metadata']['name']}/{one['name']}": one.get("image", "")
        for each in pods
        for one in each["spec"].get("containers") or ()
    }
    try:
        async with remote.client.streaming("/version", {}) as answer:
            server: object = json.loads(await answer.aread()).get("gitVersion")
    except (ClusterError, ValueError) as error:
        server = describe(error)
    return {"reef": __version__, "kubernetes": server, "namespace": remote.namespace, "images": images}
