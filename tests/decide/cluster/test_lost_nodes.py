"""Which nodes are taken for lost, and what is made of that."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest
from clusters import NOW, container

from deadlines import scaled
from reef.background import Background
from reef.controller.nodes import Nodes, answers
from reef.controller.tasks import Tasks
from reef.decide.cluster.lost_nodes import LOST_S, Heard, lost_nodes
from reef.kube import labels
from reef.kube.objects.avoiding import avoided, avoiding
from reef.kube.seen.state import PodSeen

LONG, SHORT = NOW - LOST_S, NOW - LOST_S + 1

TABLE: dict[str, tuple[list[Heard], set[str]]] = {
    "all answer": ([Heard("a"), Heard("b")], set()),
    "one is silent": ([Heard("a", LONG), Heard("b")], {"a"}),
    "not for long": ([Heard("a", SHORT), Heard("b")], set()),
    "one pod of it answers": ([Heard("a", LONG), Heard("a"), Heard("b")], set()),
    "one of it fell silent later": ([Heard("a", LONG), Heard("a", SHORT), Heard("b")], set()),
    "all are silent: it is who asks that is cut off": ([Heard("a", LONG), Heard("b", LONG)], set()),
    "two of three": ([Heard("a", LONG), Heard("b", LONG), Heard("c")], {"a", "b"}),
    "nobody is asked": ([], set()),
}


@pytest.mark.parametrize("case", TABLE)
def test_lost(case: str) -> None:
    heard, lost = TABLE[case]
    assert lost_nodes(heard, NOW) == lost


def test_a_pod_keeps_off_a_lost_node_and_is_made_from_the_same() -> None:
    near = {"weight": 5, "preference": {"matchExpressions": []}}
    spec = {
        "affinity": {
            "podAffinity": {},
            "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [near]},
        }
    }
    plain: dict[str, Any] = {"metadata": {"annotations": {"made": "x"}}, "spec": {"template": {"spec": spec}}}
    assert avoiding(plain, frozenset()) is plain
    found = avoiding(plain, frozenset({"b", "a"}))
    assert found["metadata"]["annotations"] == {"made": "x", labels.AVOIDS: "a,b"}
    assert avoided(found["metadata"]["annotations"][labels.AVOIDS]) == {"a", "b"}
    affinity = found["spec"]["template"]["spec"]["affinity"]
    kept, term = affinity["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert (kept, affinity["podAffinity"]) == (near, {})
    fields = term["preference"]["matchFields"]
    assert [each["values"] for each in fields] == [["a"], ["b"]]  # Kubernetes takes one name in each
    assert plain["spec"]["template"]["spec"] is spec


def gateway(name: str, node: str, ip: str) -> PodSeen:
    one = container("gateway", "reef")
    own = {labels.COMPONENT: "gateway"}
    return PodSeen(name, NOW, "Running", node=node, ip=ip, containers={"gateway": one}, labels=own, uid=name)


def test_a_gateway_on_a_lost_node_is_ended_once(monkeypatch: pytest.MonkeyPatch) -> None:
    silent, ended, changes = {"10.0.0.1"}, list[str](), list[frozenset[str]]()
    monkeypatch.setattr(
        "reef.controller.nodes.lost_nodes", lambda heard, now: lost_nodes(heard, now + LOST_S)
    )

    async def ask(host: str, _port: int) -> bool:
        return host not in silent

    async def end(name: str) -> None:
        ended.append(name)

    async def main() -> None:
        background = Background(logging.getLogger("test"), "work")
        nodes = Nodes(end, Tasks(background, lambda: None), lambda: changes.append(nodes.lost), ask)
        pods = [gateway("one", "a", "10.0.0.1"), gateway("two", "b", "10.0.0.2")]
        nodes.follow(pods)
        await nodes.ask()
        assert changes == [{"a"}]
        nodes.follow(pods)
        async with asyncio.timeout(scaled(10)):
            while not ended:
                await asyncio.sleep(0)
        nodes.follow([replace(pods[0], deleting=True), pods[1]])
        await nodes.ask()
        assert nodes.lost == {"a"}  # it stays lost, though nothing is left there that is wanted
        silent.clear()
        await nodes.ask()
        assert (ended, changes) == (["one"], [{"a"}, frozenset()])
        await background.close()

    asyncio.run(main())


def test_a_refusal_is_an_answer() -> None:
    async def main() -> None:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert await answers("127.0.0.1", port)
        server.close()
        await server.wait_closed()
        assert await answers("127.0.0.1", port)
        assert not await answers("no-such-host.invalid", port)

    asyncio.run(main())
