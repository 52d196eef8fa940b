"""A copy that follows a real API server, through all that can happen to a watch."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from asking import LABEL, Wire, client, eventually, following, location

from deadlines import scaled
from lab.apiserver import ApiServer
from reef.cluster.informer import Change, Informer
from reef.cluster.kinds import CODE_LOCATION, CONFIG_MAP, Document, Kind

pytestmark = pytest.mark.timeout(300)


def config_map(namespace: str, name: str, **data: str) -> Document:
    return {"metadata": {"name": name, "namespace": namespace}, "data": data}


def heard(informer: Informer) -> list[Change]:
    found = list[Change]()
    informer.subscribe(found.append)
    return found


def test_what_is_made_changed_and_deleted_is_heard_of(
    locations_server: ApiServer, kube_namespace: str
) -> None:
    key = (kube_namespace, "sales")

    async def main() -> None:
        async with client(locations_server, kube_namespace) as asked:
            await asked.apply(CODE_LOCATION, location("sales", kube_namespace))
            informer = Informer(asked, CODE_LOCATION, kube_namespace)
            changes = heard(informer)
            async with following(informer):
                assert [(each.kind, each.key) for each in changes] == [("added", key)]
                await asked.apply(
                    CODE_LOCATION, location("sales", kube_namespace, "registry.example/sales:2")
                )
                await eventually(lambda: len(changes) == 2)
                await asked.delete(CODE_LOCATION, "sales")
                await eventually(lambda: len(changes) == 3)
        changed, deleted = changes[1:]
        assert (changed.kind, deleted.kind) == ("changed", "deleted")
        assert changed.old is changes[0].new
        assert changed.old is not None
        assert changed.new is not None
        assert (changed.old["spec"]["image"][-1], changed.new["spec"]["image"][-1]) == ("1", "2")
        assert (deleted.old, deleted.new) == (changed.new, None)
        assert dict(informer.objects) == {}

    asyncio.run(main())


def test_objects_are_kept_without_what_nobody_reads(locations_server: ApiServer, kube_namespace: str) -> None:
    def trim(document: Document) -> Document:
        document["spec"].pop("env")
        return document

    async def main() -> None:
        async with client(locations_server, kube_namespace) as asked:
            await asked.apply(CODE_LOCATION, location("sales", kube_namespace))
            async with following(Informer(asked, CODE_LOCATION, kube_namespace, trim=trim)) as informer:
                await asked.apply(CODE_LOCATION, location("books", kube_namespace))
                await eventually(lambda: informer.get("books"))
                for name in ("sales", "books"):  # listed, and watched
                    found = informer.get(name)
                    assert found is not None
                    assert found["kind"] == "CodeLocation"
                    assert found["metadata"]["annotations"] == {"note": "kept"}
                    assert "managedFields" not in found["metadata"]
                    assert "env" not in found["spec"]

    asyncio.run(main())


def test_all_namespaces_and_a_selector(locations_server: ApiServer, kube_namespace: str) -> None:
    names = ("a", "b", "c", "d")

    async def main() -> None:
        async with client(locations_server, kube_namespace) as asked:
            for name in names:
                await asked.apply(CODE_LOCATION, location(name, kube_namespace))
            await asked.apply(CODE_LOCATION, location("z", "default"))
            async with (
                following(Informer(asked, CODE_LOCATION, kube_namespace, labels=f"{LABEL}=even")) as even,
                following(Informer(asked, CODE_LOCATION, None)) as everywhere,
            ):
                assert {name for _, name in even.objects} == {"b", "d"}
                assert {("default", "z"), (kube_namespace, "a")} <= everywhere.objects.keys()
                await asked.patch(CODE_LOCATION, "b", {"metadata": {"labels": {LABEL: "odd"}}})
                await eventually(lambda: even.get("b") is None)
            await asked.delete(CODE_LOCATION, "z", "default")

    asyncio.run(main())


def test_an_api_server_that_is_away_leaves_the_copy_readable(
    api_server: ApiServer, kube_namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is killed. What changed while the watch was broken is heard of; after a restart the server remembers nothing
    from before (410), so all are listed again."""
    caplog.set_level(logging.INFO, "reef.cluster")

    async def main() -> None:
        async with client(api_server, kube_namespace) as asked:
            for name in ("stays", "changes", "goes"):
                await asked.create(CONFIG_MAP, config_map(kube_namespace, name, a="1"))
            async with following(Informer(asked, CONFIG_MAP, kube_namespace)) as informer:
                changes = heard(informer)
                with api_server.away():
                    await eventually(lambda: informer.away)
                    assert len(informer.objects) == 3
                    assert "does not answer" in (informer.away or "")
                kubectl = api_server.kubectl
                await asyncio.to_thread(kubectl, "-n", kube_namespace, "delete", "configmap", "goes")
                await asked.patch(CONFIG_MAP, "changes", {"data": {"a": "2"}})
                await eventually(lambda: not informer.away and len(changes) == 2)
                assert {(each.kind, each.key[1]) for each in changes} == {
                    ("deleted", "goes"),
                    ("changed", "changes"),
                }
                await asked.create(CONFIG_MAP, config_map(kube_namespace, "new"))
                await eventually(lambda: informer.get("new"))

    asyncio.run(main())
    said = [record.getMessage() for record in caplog.records]
    assert len([each for each in said if "what is known (3 objects) stays" in each]) == 1
    assert len([each for each in said if "are followed again after" in each]) == 1


def test_a_version_that_the_server_has_forgotten_means_a_new_list(
    api_server: ApiServer, kube_namespace: str
) -> None:
    """The watch is swallowed while etcd forgets and the API server, which is started again, remembers nothing older."""

    async def main() -> None:
        async with client(api_server, kube_namespace) as asked:
            await asked.create(CONFIG_MAP, config_map(kube_namespace, "goes"))
            async with following(Informer(asked, CONFIG_MAP, kube_namespace)) as informer:
                assert informer.lists == 1
                informer._version = "1"  # as if it had been away for days
                with api_server.away():
                    pass
                await eventually(lambda: informer.lists == 2)
                await asked.delete(CONFIG_MAP, "goes")
                await eventually(lambda: not informer.objects)
                assert informer.lists == 2

    asyncio.run(main())


def test_a_watch_that_dies_silently_is_noticed(
    api_server: ApiServer, kube_namespace: str, tmp_path: Path
) -> None:
    wire = Wire()

    async def main() -> None:
        async with (
            wire.to(api_server, tmp_path) as kubeconfig,
            client(api_server, kube_namespace, kubeconfig) as asked,
            client(api_server, kube_namespace) as other,
            following(Informer(asked, CONFIG_MAP, kube_namespace, watch_s=2, late_s=6.0)) as informer,
        ):
            await other.create(CONFIG_MAP, config_map(kube_namespace, "before"))
            await eventually(lambda: informer.get("before"))
            opened = wire.opened
            wire.dead.set()
            await other.create(CONFIG_MAP, config_map(kube_namespace, "meanwhile"))
            await eventually(lambda: wire.opened > opened, what="for another connection")
            assert informer.get("meanwhile") is None
            wire.dead.clear()
            await eventually(lambda: informer.get("meanwhile"))
            assert informer.lists == 1

    asyncio.run(main())


def test_a_watch_goes_on_where_the_last_ended(
    api_server: ApiServer, kube_namespace: str, tmp_path: Path
) -> None:
    """Each lasts for a second here; nothing is listed again, and nothing is heard of twice."""
    wire = Wire()

    async def main() -> None:
        async with (
            wire.to(api_server, tmp_path) as kubeconfig,
            client(api_server, kube_namespace, kubeconfig) as asked,
            following(Informer(asked, CONFIG_MAP, kube_namespace, watch_s=1)) as informer,
        ):
            changes = heard(informer)
            for number in range(40):
                await asked.apply(CONFIG_MAP, config_map(kube_namespace, "one", number=str(number)))
                await eventually(lambda: len(changes) > number)  # noqa: B023 (awaited at once)
                await asyncio.sleep(0.1)
            numbers = [each.new["data"]["number"] for each in changes if each.new]
            assert numbers == [str(number) for number in range(40)]
            assert informer.lists == 1

    asyncio.run(main())


def test_who_hears_and_fails_stops_nobody(
    api_server: ApiServer, kube_namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(change: Change) -> None:
        raise RuntimeError("it fails")

    async def main() -> None:
        async with client(api_server, kube_namespace) as asked:
            informer = Informer(asked, CONFIG_MAP, kube_namespace)
            informer.subscribe(fails)
            changes = heard(informer)
            async with following(informer):
                await asked.create(CONFIG_MAP, config_map(kube_namespace, "one"))
                await eventually(lambda: changes)

    asyncio.run(main())
    assert "a change of configmaps" in caplog.text


def test_a_kind_that_is_not_there_yet_is_followed_when_it_is(
    api_server: ApiServer, kube_namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    group = f"late-{os.urandom(3).hex()}.example.org"
    names = {"kind": "Late", "plural": "lates"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    definition: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"lates.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }

    async def main() -> None:
        async with client(api_server, kube_namespace) as asked:
            informer = Informer(asked, Kind(group, "v1", "Late", "lates"), kube_namespace)
            informer.start()
            await eventually(lambda: informer.away)
            await asyncio.to_thread(api_server.kubectl.apply, definition)
            async with asyncio.timeout(scaled(120)):
                await informer.synced()
            await informer.close()

    asyncio.run(main())
    assert "lates cannot be followed, what is known (0 objects) stays" in caplog.text


def test_five_hundred_locations(locations_server: ApiServer, kube_namespace: str) -> None:
    """Listed in pages by one that begins late, heard of one by one by another that was there before."""

    async def main() -> None:
        async with (
            client(locations_server, kube_namespace) as asked,
            following(Informer(asked, CODE_LOCATION, kube_namespace)) as early,
        ):
            changes = heard(early)
            many = [location(f"location-{number:03}", kube_namespace) for number in range(500)]
            await asyncio.to_thread(locations_server.kubectl.apply, *many)
            await eventually(lambda: len(early.objects) == 500, 120)
            async with following(Informer(asked, CODE_LOCATION, kube_namespace)) as late:
                assert late.objects == early.objects
                assert len(late.objects) == 500
            assert [each.kind for each in changes] == ["added"] * 500

    asyncio.run(main())
