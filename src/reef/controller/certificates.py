"""The certificates of Reef's processes: made, kept in Secrets, renewed."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Sequence
from pathlib import Path

from reef.cluster.client import Client
from reef.cluster.errors import NotFound
from reef.cluster.kinds import SECRET, Document
from reef.kube import labels
from reef.peers.messages import Role
from reef.statedir import write_atomic
from reef.trust.authority import Pair, cared_for, issue, must_renew, signer

ROLES: tuple[Role, ...] = ("controller", "gateway", "pack")
AUTHORITY = "reef-ca"
LOOK_S = 3600.0


def secret_name(role: Role) -> str:
    return f"reef-{role}-tls"


async def care(client: Client, namespace: str, own: Path) -> None:
    """Make or renew what must be, and put the controller's own into the folder `own`. Raises ClusterError, OSError."""
    now = time.time()
    authorities = await _authorities(client, namespace, now)
    trusted = b"".join(each.certificate for each in authorities)
    signing = signer(authorities, now)
    for role in ROLES:
        files = await _leaf(client, namespace, role, signing, trusted, now)
        if role == "controller":
            await asyncio.to_thread(_write, own, files)


async def _authorities(client: Client, namespace: str, now: float) -> Sequence[Pair]:
    before = await _data(client, namespace, AUTHORITY)
    found = []
    for number in range(len(before) // 2):
        if f"{number}.crt" in before and f"{number}.key" in before:
            found.append(Pair(before[f"{number}.crt"], before[f"{number}.key"]))
    after = cared_for(found, now)
    if tuple(found) != tuple(after):
        data: dict[str, bytes] = {}
        for number, pair in enumerate(after):
            data |= {f"{number}.crt": pair.certificate, f"{number}.key": pair.key}
        await _put(client, namespace, AUTHORITY, data)
    return after


async def _leaf(
    client: Client, namespace: str, role: Role, signing: Pair, trusted: bytes, now: float
) -> dict[str, bytes]:
    name = secret_name(role)
    before = await _data(client, namespace, name)
    certificate, key = before.get("tls.crt", b""), before.get("tls.key", b"")
    if must_renew(certificate, role, signing, now) or not key:
        pair = issue(signing, role, now)
        certificate, key = pair.certificate, pair.key
    after = {"tls.crt": certificate, "tls.key": key, "ca.crt": trusted}
    if before != after:
        await _put(client, namespace, name, after)
    return after


async def _data(client: Client, namespace: str, name: str) -> dict[str, bytes]:
    try:
        found = await client.get(SECRET, name, namespace)
    except NotFound:
        return {}
    return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}


async def _put(client: Client, namespace: str, name: str, data: dict[str, bytes]) -> None:
    meta = {"name": name, "namespace": namespace, "labels": {labels.PART_OF: "reef"}}
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    document: Document = {"metadata": meta, "type": "Opaque", "data": encoded}
    await client.apply(SECRET, document)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomic(folder / name, content)
