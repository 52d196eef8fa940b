"""Clients of the real API server, and a wire to it that can be made to swallow everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from deadlines import Deadline, scaled
from lab.apiserver import ApiServer
from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.cluster.informer import Informer
from reef.kube.group import API_VERSION, KIND
from reef.kube.model.crd import definition

LABEL = "example.org/half"


def ready_for_locations(server: ApiServer) -> None:
    server.kubectl.apply(definition())
    server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")


def location(name: str, namespace: str, image: str = "registry.example/sales:1") -> dict[str, Any]:
    """A CodeLocation of ordinary size."""
    number = sum(name.encode())
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {LABEL: "even" if number % 2 == 0 else "odd", "team": "sales"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x" * 600, "note": "kept"},
        },
        "spec": {
            "image": image,
            "owner": f"team-{number % 9}",
            "code": {"module": f"{name.replace('-', '_')}.definitions"},
            "env": [{"name": f"VARIABLE_{each}", "value": f"{name}-{each}"} for each in range(8)],
            "envFrom": [{"secretRef": {"name": f"{name}-secret"}}],
            "memory_limit": "512Mi",
        },
    }


@asynccontextmanager
async def client(server: ApiServer, namespace: str, kubeconfig: Path | None = None) -> AsyncIterator[Client]:
    config = connection(kubeconfig=kubeconfig or server.kubeconfig, environ={})
    found = Client(config)
    found.namespace = namespace
    try:
        yield found
    finally:
        await found.close()


@asynccontextmanager
async def following(informer: Informer) -> AsyncIterator[Informer]:
    informer.start()
    try:
        async with asyncio.timeout(scaled(60)):
            await informer.synced()
        yield informer
    finally:
        await informer.close()


class Wire:
    """A relay on loopback; while it is `dead` it accepts and passes nothing on, and closes nothing."""

    def __init__(self) -> None:
        self.dead = asyncio.Event()
        self.opened = 0

    @asynccontextmanager
    async def to(self, server: ApiServer, folder: Path) -> AsyncIterator[Path]:
        """A kubeconfig that goes through it."""
        self._target = urlsplit(server.url)
        relay = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = relay.sockets[0].getsockname()[1]
        config = yaml.safe_load(server.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
        path = folder / "through-a-wire"
        path.write_text(yaml.safe_dump(config))
        self._tasks = set[asyncio.Task[None]]()
        try:
            yield path
        finally:
            relay.close()
            for each in self._tasks:
                each.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        there = await asyncio.open_connection(self._target.hostname, self._target.port)
        for source, sink in ((reader, there[1]), (there[0], writer)):
            self._tasks.add(asyncio.create_task(self._pass(source, sink)))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if not self.dead.is_set():
                    sink.write(data)
                    await sink.drain()
        finally:
            with suppress(OSError):
                sink.close()


async def eventually(condition: Any, seconds: float = 60.0, what: str = "") -> None:
    deadline = Deadline(seconds)
    while not condition():
        assert not deadline.over, f"waited {deadline} in vain {what}"
        await asyncio.sleep(0.02)
