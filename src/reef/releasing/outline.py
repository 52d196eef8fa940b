"""Names and digests of everything that a recorded version defines, read from its location snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from reef.decide.diff import Outline
from reef.snapshots import SnapshotStore
from reef.snapshots.definitions import IMPLICIT_JOB
from reef.snapshots.reader import SnapshotReader
from reef.wire import messages

_KINDS = {
    "schedules": "external_schedule_datas",
    "sensors": "external_sensor_datas",
    "assets": "external_asset_graph_data",
    "asset_checks": "external_asset_checks",
    "jobs": "external_pipeline_datas",
}


class _Key(msgspec.Struct):
    path: list[str]


class _Definition(msgspec.Struct):
    name: str = ""
    asset_key: _Key | None = None

    def called(self) -> str:
        key = "/".join(self.asset_key.path) if self.asset_key else ""
        return f"{key}:{self.name}" if key and self.name else key or self.name


def outline_of(store: SnapshotStore, snapshot: str) -> Outline | None:
    """Blocking. None where the snapshot is gone, or holds what cannot be read."""
    try:
        return store.read(snapshot, _outline)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError):
        return None


def _outline(reader: SnapshotReader) -> Outline:
    found: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    for repository in reader.repositories:
        prefix = f"{repository}." if len(reader.repositories) > 1 else ""
        for kind, name, digest in _definitions(reader, repository):
            found[kind][prefix + name] = digest
    return found


def _definitions(reader: SnapshotReader, repository: str) -> Iterator[tuple[str, str, str]]:
    reply = reader.repository(repository, deferred=True)
    if reply is None:
        return
    fields = _fields(messages.reply_text(reply))
    for kind, name_of_field in _KINDS.items():
        for raw in fields.get(name_of_field) or ():
            name, digest = _one(raw)
            if not name.startswith(IMPLICIT_JOB):
                yield kind, name, digest
    for raw in fields.get("external_job_refs") or ():
        name, digest = _one(raw)
        if not name.startswith(IMPLICIT_JOB):
            job = reader.job(repository, name)
            yield "jobs", name, digest if job is None else _digest(job)


def _fields(text: bytes) -> dict[str, list[msgspec.Raw] | None]:
    wanted = (*_KINDS.values(), "external_job_refs")
    try:
        raw = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        return {
            name: msgspec.json.decode(raw[name], type=list[msgspec.Raw] | None)
            for name in wanted
            if name in raw
        }
    except msgspec.DecodeError:
        plain: dict[str, Any] = json.loads(
            text
        )  # NaN and Infinity, which Python's JSON writes and others do not read
        return {
            name: [msgspec.Raw(json.dumps(one).encode()) for one in plain.get(name) or ()] for name in wanted
        }


def _one(raw: msgspec.Raw) -> tuple[str, str]:
    body = bytes(raw)
    try:
        named = msgspec.json.decode(body, type=_Definition)
    except msgspec.DecodeError:
        named = msgspec.convert(json.loads(body), _Definition)
    return named.called(), _digest(body)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
