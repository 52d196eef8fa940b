"""Objects are made, changed and removed in a real API server, and what it refuses is told in its own words."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml
from asking import client, location

from lab.apiserver import ApiServer
from reef.cluster.client import Client
from reef.cluster.errors import (
    ApiUnreachable,
    ClusterError,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    refused,
)
from reef.cluster.kinds import CODE_LOCATION, CONFIG_MAP, DEPLOYMENT, NAMESPACE
from reef.kube.labels import FIELD_MANAGER

pytestmark = pytest.mark.timeout(240)


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


def test_apply_makes_takes_over_and_removes_what_is_not_said_any_more(
    api_server: ApiServer, kube_namespace: str
) -> None:
    async def main(asked: Client) -> None:
        made = await asked.apply(CONFIG_MAP, config_map("one", a="1", b="2"))
        assert made["metadata"]["managedFields"][0]["manager"] == FIELD_MANAGER
        api_server.kubectl(
            "-n", kube_namespace, "patch", "configmap", "one", "-p", '{"data": {"a": "9", "c": "3"}}'
        )
        changed = await asked.apply(CONFIG_MAP, config_map("one", a="1"))
        assert changed["data"] == {"a": "1", "c": "3"}
        again = await asked.apply(CONFIG_MAP, config_map("one", a="1"))
        assert again["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]

    _run(api_server, kube_namespace, main)


def test_objects_are_found_patched_and_deleted(api_server: ApiServer, kube_namespace: str) -> None:
    async def main(asked: Client) -> None:
        for number in range(3):
            await asked.create(CONFIG_MAP, config_map(f"n{number}", number=str(number)))
        await asked.patch(
            CONFIG_MAP, "n1", {"metadata": {"labels": {"odd": "yes"}}, "data": {"number": None}}
        )
        assert "data" not in await asked.get(CONFIG_MAP, "n1")
        assert [
            each["metadata"]["name"] for each in (await asked.list(CONFIG_MAP, kube_namespace)).items
        ] == [
            "n0",
            "n1",
            "n2",
        ]
        assert len((await asked.list(CONFIG_MAP, None, "odd=yes")).items) == 1
        assert len((await asked.list(CONFIG_MAP, kube_namespace, fields="metadata.name=n2")).items) == 1
        with pytest.raises(Conflict):
            await asked.delete(CONFIG_MAP, "n2", uid="00000000-0000-0000-0000-000000000000")
        await asked.delete(CONFIG_MAP, "n2")
        with pytest.raises(NotFound, match='configmaps "n2" not found'):
            await asked.get(CONFIG_MAP, "n2")
        assert (await asked.get(NAMESPACE, kube_namespace))["kind"] == "Namespace"

    _run(api_server, kube_namespace, main)


def test_status_and_scale_are_parts_of_their_own(locations_server: ApiServer, kube_namespace: str) -> None:
    labels = {"app": "x"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
    deployment = {"metadata": {"name": "x"}, "spec": {"selector": {"matchLabels": labels}, "template": pod}}

    async def main(asked: Client) -> None:
        await asked.apply(CODE_LOCATION, location("sales", kube_namespace))
        await asked.patch_status(CODE_LOCATION, "sales", {"version": "v1", "serving": {"gatewayPort": 20000}})
        found = await asked.patch_status(CODE_LOCATION, "sales", {"version": "v2"})
        assert found["status"] == {"version": "v2", "serving": {"gatewayPort": 20000}}
        await asked.apply(DEPLOYMENT, deployment)
        await asked.scale(DEPLOYMENT, "x", 0)
        assert (await asked.get(DEPLOYMENT, "x"))["spec"]["replicas"] == 0

    _run(locations_server, kube_namespace, main)


def test_what_it_refuses_is_told_in_its_words(locations_server: ApiServer, kube_namespace: str) -> None:
    async def main(asked: Client) -> None:
        made = await asked.create(CONFIG_MAP, config_map("one", a="1"))
        with pytest.raises(Conflict, match="already exists"):
            await asked.create(CONFIG_MAP, config_map("one"))
        await asked.replace(CONFIG_MAP, {**made, "data": {"a": "2"}})
        with pytest.raises(Conflict, match="the object has been modified") as raised:
            await asked.replace(CONFIG_MAP, {**made, "data": {"a": "3"}})
        assert raised.value.code == 409
        wrong = location("wrong", kube_namespace)
        del wrong["spec"]["code"]
        with pytest.raises(Invalid, match=r'CodeLocation.* "wrong" is invalid: ') as refusal:
            await asked.apply(CODE_LOCATION, wrong)
        assert refusal.value.code == 422
        with pytest.raises(NotFound):
            await asked.get(CODE_LOCATION, "nobody")

    _run(locations_server, kube_namespace, main)


def test_who_may_not_is_told_so(api_server: ApiServer, kube_namespace: str, tmp_path: Path) -> None:
    """A service account without a role, and nobody at all."""
    kubectl = api_server.kubectl
    kubectl("-n", kube_namespace, "create", "serviceaccount", "nothing")
    token = kubectl("-n", kube_namespace, "create", "token", "nothing").strip()
    config = yaml.safe_load(api_server.kubeconfig.read_text())

    def told(said: str) -> tuple[type[ClusterError], int]:
        config["users"][0]["user"]["token"] = said
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(config))

        async def main() -> None:
            async with client(api_server, kube_namespace, path) as asked:
                await asked.list(CONFIG_MAP, kube_namespace)

        with pytest.raises(ClusterError) as raised:
            asyncio.run(main())
        assert token not in str(raised.value)
        assert raised.value.exit_code == 2
        return type(raised.value), raised.value.code

    assert told(token) == (Forbidden, 403)
    assert told("wrong") == (Forbidden, 401)


def test_nobody_at_the_address(api_server: ApiServer, tmp_path: Path) -> None:
    config = yaml.safe_load(api_server.kubeconfig.read_text())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        config["clusters"][0]["cluster"]["server"] = server = f"https://127.0.0.1:{taken.getsockname()[1]}"
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(config))

        async def main() -> None:
            async with client(api_server, "default", path) as asked:
                with pytest.raises(ApiUnreachable, match=f"the API server at {server} does not answer: "):
                    await asked.get(CONFIG_MAP, "x")

        asyncio.run(main())


def test_a_list_is_of_one_moment_however_long_it_is(api_server: ApiServer, kube_namespace: str) -> None:
    async def main(asked: Client) -> None:
        for number in range(230):
            await asked.create(CONFIG_MAP, config_map(f"n{number:03}"))
        pages = [page async for page in asked.pages(CONFIG_MAP, kube_namespace)]
        assert [len(page.items) for page in pages] == [100, 100, 30]
        assert len({page.version for page in pages}) == 1

    _run(api_server, kube_namespace, main)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (410, Expired),
        (400, Invalid),
        (422, Invalid),
        (429, ApiUnreachable),
        (500, ApiUnreachable),
        (504, ApiUnreachable),
    ],
)
def test_an_answer_that_is_no_status_has_a_meaning_too(code: int, kind: type[ClusterError]) -> None:
    error = refused(code, b"<html>a proxy says no</html>")
    assert type(error) is kind
    assert str(error) == "<html>a proxy says no</html>"
    assert str(refused(code, b"")) == f"the API server answers {code}"


def _run(server: ApiServer, namespace: str, main: Any) -> None:
    async def asked() -> None:
        async with client(server, namespace) as opened:
            await main(opened)

    asyncio.run(asked())
