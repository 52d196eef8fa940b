"""The page of a namespace of a real API server: CodeLocations and pods are objects there, and what is at the pods'
addresses on loopback answers as a pack host and a gateway do. No kubelet runs."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import told_contract
from asking import client, location, ready_for_locations
from click.testing import CliRunner, Result
from looped import looped, until_it
from processes_of_reef import MB, SaidOfOne, SayingProcess, listening

from deadlines import scaled
from lab.apiserver import ApiServer
from reef.cli.main import group
from reef.cluster.client import Client
from reef.cluster.kinds import CODE_LOCATION, POD
from reef.errors import ReefError
from reef.kube import labels
from reef.kube.errand_annotation import read_errand
from reef.viewing.page_process import PageProcess
from reef.viewing.settings import ViewSettings

pytestmark = pytest.mark.timeout(300)
PACK, GATEWAY = "127.0.0.11", "127.0.0.12"


def promoted(day: str, version: str, image: str) -> dict[str, Any]:
    at = f"2026-11-{day}T08:00:00Z"
    return {"at": at, "version": version, "image": image, "why": "a new image", "kept": True}


SERVED = {
    "phase": "served",
    "version": "0123456789abcdef",
    "placement": {"chosen": "packed", "reason": "It asks for nothing that a pack cannot give."},
    "serving": {"gatewayPort": 20_001, "pack": "reef-pack-finance-1"},
    "conditions": [],
    "history": [
        promoted("30", "0123456789abcdef", "sales:2"),
        promoted("29", "fedcba9876543210", "sales:1"),
    ],
}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        port: int = found.getsockname()[1]
        return port


def pod(name: str, component: str, **more: str) -> dict[str, Any]:
    own = {labels.PART_OF: "reef", labels.COMPONENT: component, **more}
    container = {"name": labels.HOST_CONTAINER, "image": "reef:1"}
    spec = {"containers": [container], "automountServiceAccountToken": False}
    return {"metadata": {"name": name, "labels": own}, "spec": spec}


async def run_at(api: Client, name: str, ip: str) -> None:
    status = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]}
    await api.patch_status(POD, name, status)


class Fleet:
    """`sales` in a pack, `lone` that has no place yet."""

    def __init__(
        self, api: Client, process: PageProcess, pack: SayingProcess, gateway: SayingProcess
    ) -> None:
        self.api, self.process, self.pack, self.gateway = api, process, pack, gateway

    async def ask(self, path: str) -> tuple[int, str]:
        assert self.process.listener is not None
        return await asyncio.to_thread(_asked, self.process.listener.address.port, path)

    async def row(self, name: str) -> dict[str, Any]:
        status, body = await self.ask("/api/fleet")
        assert status == 200, body
        return next(row for row in json.loads(body)["locations"] if row["name"] == name)

    async def until(self, name: str, state: str) -> dict[str, Any]:
        """Its row once it is in that state."""
        found: dict[str, Any] = {}

        async def is_so() -> bool:
            found.update(await self.row(name))
            return bool(found["state"] == state)

        await until_it(is_so, 60, f"for {name} to be {state}")
        return found


def _asked(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=scaled(30))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


async def observed(api: Client, name: str, status: dict[str, Any]) -> None:
    generation = (await api.get(CODE_LOCATION, name))["metadata"]["generation"]
    await api.patch_status(CODE_LOCATION, name, {**status, "observedGeneration": generation})


@asynccontextmanager
async def fleet(api_server: ApiServer, namespace: str, **more: Any) -> AsyncIterator[Fleet]:
    port = free_port()
    pack = SayingProcess({"sales": SaidOfOne()})
    gateway = SayingProcess(own_pss=40 * MB)
    async with client(api_server, namespace) as api:
        for name in ("sales", "lone"):
            await api.create(CODE_LOCATION, location(name, namespace))
        await observed(api, "sales", SERVED)
        await api.create(POD, pod("pack-1", "pack", **{labels.PACK: "reef-pack-finance-1"}))
        await api.create(POD, pod("gateway-1", "gateway"))
        await run_at(api, "pack-1", PACK)
        await run_at(api, "gateway-1", GATEWAY)
        answering = [await listening(pack.text, PACK, port), await listening(gateway.text, GATEWAY, port)]
        settings = ViewSettings(namespace, port=0, metrics_port=port, logs=False, **more)
        process = PageProcess(settings, api)
        await process.start()
        try:
            yield Fleet(api, process, pack, gateway)
        finally:
            await process.stop()
            for each in answering:
                await each.aclose()


@looped
async def test_a_packed_location_wakes_and_sleeps_on_the_page(
    api_server: ApiServer, kube_namespace: str
) -> None:
    ready_for_locations(api_server)

    async with fleet(api_server, kube_namespace) as there:
        before = await there.row("sales")
        assert (before["state"], before["version"], before["placement"]) == (
            "asleep",
            "0123456789ab",
            "packed",
        )
        assert (await there.row("lone"))["state"] == "unprobed"
        woken_at = time.time()
        there.pack.wakes("sales", "SyncExternalSensorExecution", woken_at, 0.25)
        there.gateway.called("sales", "SyncExternalSensorExecution")
        there.gateway.called("sales", "GetServerId", 500, lane="answered")

        row = await there.until("sales", "warm")
        for name in ("sales", "lone"):
            await told_contract.holds(there.process.told(), name)
        assert (row["private_bytes"], row["pss_bytes"]) == (30 * MB, 45 * MB)
        assert row["memory_limit_bytes"] == 512 * MB
        assert row["last_wake"] == {"at": woken_at, "why": "sensor tick", "took_s": 0.25}
        assert (row["calls"], row["wakes"], row["last_cold_start_s"]) == (1, 1, 0.25)
        there.pack.sleeps("sales")

        await there.until("sales", "asleep")
        _, body = await there.ask("/api/location/sales")
        texts = [each["text"] for each in json.loads(body)["moments"]]
        assert texts == ["woken: sensor tick", "sensor tick", "asleep: nobody called it"]
        found = json.loads((await there.ask("/api/fleet"))[1])
        assert found["totals"]["standing_estimate_bytes"] == 120 * MB, "what a pod of its own would have"
        assert found["totals"]["reef_pss_bytes"] >= 60 * MB
        status, html = await there.ask("/location/sales")
        assert status == 200
        assert "It asks for nothing that a pack cannot give." in html
        assert "roll back" not in html, "buttons are off"
        assert "fedcba987654" in html


def fake_kubectl(folder: Path, script: str) -> str:
    """Stands for kubectl on a PATH: no kubelet runs that would forward a port."""
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def forwards_to(port: int, folder: Path) -> str:
    said = f'printf "%s\\n" "$*" >> {folder}/asked; echo "Forwarding from 127.0.0.1:{port} -> 3200"; exec sleep 600'
    return fake_kubectl(folder, said)


def said(done: Result) -> str:
    """What a person is told of a mistake."""
    assert isinstance(done.exception, ReefError), done.output
    return f"{done.exception.message}; {done.exception.hint}"


def reef(api_server: ApiServer, namespace: str, path: str, *arguments: str) -> Result:
    verb, *rest = arguments
    environ = {"KUBECONFIG": str(api_server.kubeconfig), "PATH": path}
    return CliRunner().invoke(group, [verb, "-n", namespace, *rest], env=environ, standalone_mode=False)


@looped
async def test_a_command_line_asks_the_page_by_port_forward(
    api_server: ApiServer, kube_namespace: str, tmp_path: Path, url: str
) -> None:
    ready_for_locations(api_server)
    async with fleet(api_server, kube_namespace, database=url) as there:
        assert there.process.listener is not None
        path = forwards_to(there.process.listener.address.port, tmp_path)
        done = await asyncio.to_thread(reef, api_server, kube_namespace, path, "top", "--json")
        assert f"no page of Reef runs in namespace {kube_namespace}" in said(done)
        await there.api.create(POD, pod("reef-page-1", "page"))
        await run_at(there.api, "reef-page-1", "127.0.0.13")
        there.pack.wakes("sales", "SyncExternalSensorExecution", time.time(), 0.25)

        async def is_warm() -> bool:
            found = await asyncio.to_thread(reef, api_server, kube_namespace, path, "top", "--json")
            assert found.exception is None, found.output
            rows = {row["name"]: row for row in json.loads(found.stdout)["locations"]}
            return bool(rows["sales"]["state"] == "warm" and rows["sales"]["last_wake"])

        await until_it(is_warm, 60, "for sales to be warm")
        asked = (tmp_path / "asked").read_text().splitlines()[-1]
        assert asked == f"-n {kube_namespace} port-forward --address 127.0.0.1 reef-page-1 :3200"
        await there.process.write_history()
        done = await asyncio.to_thread(reef, api_server, kube_namespace, path, "usage", "--json")
        assert done.exception is None, done.output
        found = {each["location"]: each for each in json.loads(done.stdout)["locations"]}
        assert found.keys() == {"lone", "sales"}
        assert found["sales"]["set"]["memory_limit_bytes"] == 512 << 20
        done = await asyncio.to_thread(reef, api_server, kube_namespace, path, "usage", "nobody")
        assert "there is no location 'nobody'" in said(done)
        code, body = await there.ask("/api/usage?name=sales")
        assert (code, json.loads(body)["location"]) == (200, "sales")
        assert "What it should request" in (await there.ask("/location/sales"))[1]


@looped
async def test_what_kubectl_refuses_is_said(
    api_server: ApiServer, kube_namespace: str, tmp_path: Path
) -> None:
    async with client(api_server, kube_namespace) as api:
        await api.create(POD, pod("reef-page-1", "page"))
        await run_at(api, "reef-page-1", "127.0.0.13")
    path = fake_kubectl(tmp_path, "echo 'Error from server (Forbidden): pods is forbidden' >&2; exit 1")
    done = await asyncio.to_thread(reef, api_server, kube_namespace, path, "top", "--json")
    assert "cannot forward a port to the page: Error from server (Forbidden)" in said(done)
    done = await asyncio.to_thread(reef, api_server, kube_namespace, "/nowhere", "usage")
    assert "kubectl is not on PATH" in said(done)
    assert "port-forward --address 127.0.0.1 reef-page-1 :3200" in said(done)


async def answers_one_errand(api: Client) -> None:
    """Stands for the controller: the location is warm as soon as somebody asks for it."""

    async def is_done() -> bool:
        notes = (await api.get(CODE_LOCATION, "sales"))["metadata"].get("annotations") or {}
        asked = read_errand(notes.get(labels.ERRAND))
        if asked is None:
            return False
        change = {"metadata": {"annotations": {labels.ERRAND: asked.done("warm").written()}}}
        await api.patch(CODE_LOCATION, "sales", change)
        return True

    await until_it(is_done, 60, "for an errand")


def _posted(port: int, path: str, token: str, body: str = "") -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=scaled(30))
    try:
        connection.request("POST", path, body, {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@looped
async def test_buttons_ask_the_controller_and_need_the_token(
    api_server: ApiServer, kube_namespace: str
) -> None:
    ready_for_locations(api_server)
    token = "of-the-secret-of-the-chart"  # noqa: S105
    async with fleet(api_server, kube_namespace, token=token) as there:
        assert there.process.listener is not None
        port = there.process.listener.address.port

        async def pressed(verb: str, said: str, body: str = "") -> tuple[int, dict[str, Any]]:
            return await asyncio.to_thread(_posted, port, f"/api/do/{verb}?name=sales", said, body)

        async def notes() -> dict[str, str]:
            found = await there.api.get(CODE_LOCATION, "sales")
            return dict(found["metadata"].get("annotations") or {})

        assert (await pressed("reload", "a-guess"))[0] == 401
        assert not [each for each in await notes() if each.startswith("dagster-reef.io")]
        controller = asyncio.create_task(answers_one_errand(there.api))
        status, told = await pressed("wake", token)
        await controller
        assert (status, told["told"]) == (200, "sales is warm")
        status, told = await pressed("rollback", token, '{"version": "fedcba9876543210"}')
        assert (status, told["ok"]) == (200, True)
        assert (await notes())[labels.ROLLBACK] == "fedcba9876543210"
        assert (await pressed("reload", token))[0] == 200
        asked = await notes()
        assert labels.TRY_AGAIN in asked
        assert labels.ROLLBACK not in asked
        html = (await there.ask("/location/sales"))[1]
        assert 'data-act="reload"' in html
        assert 'data-act="wake"' in html
