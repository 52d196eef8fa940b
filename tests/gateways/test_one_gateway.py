"""One gateway: it listens, shows what it is told, and passes calls on to packs."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from pathlib import Path

import grpc
import grpc.aio
import pytest
from code_servers import CodeServer
from edges import PORT, Here, address, edge, fake_pack, relay, tls
from memory_cluster import MemoryCluster
from objects_of import location, pack_pod

from deadlines import Deadline, scaled, until_async
from reef.kube.labels import PEER_PORT
from reef.peers.messages import (
    Freeze,
    Frozen,
    GatewayState,
    Held,
    Nothing,
    Offer,
    ServedNow,
    Show,
    SnapshotBytes,
    SnapshotWanted,
    Thaw,
    Welcome,
)
from reef.snapshots import SnapshotStore
from reef.snapshots.record import Recording
from reef.wire import messages

SALES = location("sales", pack="p-1")


async def listening(one: Here, *names: str) -> None:
    await until_async(lambda: one.listens_for(*(names or ("sales",))))


async def show(
    one: Here, generation: int, server_id: str, snapshot: str | None = None, content: bytes | None = None
) -> None:
    served = ServedNow(server_id=server_id, snapshot=snapshot)
    offer = Offer(name="sales", generation=generation, served=served, snapshot_bytes=content)
    assert await one.told("Hold", offer, Held) == Held(True)
    assert await one.told("Show", Show("sales", generation), Held) == Held(True)


def test_what_it_is_told_is_answered_and_the_rest_goes_to_the_pack(
    tmp_path: Path, small: CodeServer, recording: Recording
) -> None:
    """Recorded answers come from its own disk, once the controller sent them; a caller cannot name the location."""
    assert recording.snapshot is not None
    store = SnapshotStore(tmp_path / "controller-s", 1 << 30)
    digest = store.put(recording.snapshot)

    async def main() -> None:
        host = address()
        cluster = MemoryCluster([SALES], [pack_pod("p-1", host)])
        async with (
            edge(tmp_path, cluster) as one,
            fake_pack(host, tmp_path, {"sales": small.target}) as asked,
        ):
            await listening(one)
            offer = Offer(name="sales", generation=1, served=ServedNow(server_id="reef-1", snapshot=digest))
            assert await one.told("Hold", offer, Held) == Held(False)
            await show(one, 1, "reef-1", digest, store.file(digest))
            assert await one.server_id() == "reef-1"
            assert await one.call("ListRepositories") == recording.snapshot.listed
            assert asked == []

            async with grpc.aio.insecure_channel(f"{one.host}:{PORT}") as opened:
                call = opened.unary_unary("/api.DagsterApi/ExternalPartitionNames")
                said = await call(b"", metadata=(("reef-location", "finance"),), timeout=scaled(20))
            assert b"ExternalPartitionExecutionErrorData" in said, "the code server's own word"
            assert asked == [("gateway", ("sales",))]
            assert messages.current_runs_of(await one.call("GetCurrentRuns")) == ()

            wanted = await one.told("Snapshot", SnapshotWanted(digest), SnapshotBytes)
            assert wanted.content == store.file(digest)
            assert await one.told("Snapshot", SnapshotWanted("f" * 64), SnapshotBytes) == SnapshotBytes(None)

    asyncio.run(main())


def test_a_call_waits_until_the_pack_is_there_and_another_that_is_no_pack_gets_none(
    tmp_path: Path, small: CodeServer
) -> None:
    async def main() -> None:
        host = address()
        cluster = MemoryCluster([SALES])
        async with edge(tmp_path, cluster) as one:
            await listening(one)
            call = asyncio.create_task(one.call("GetCurrentImage", timeout_s=scaled(30)))
            await show(one, 1, "reef-1")
            await until_async(lambda: one.process.parts.board.in_flight("sales") == 1)
            async with fake_pack(host, tmp_path, {"sales": small.target}, role="gateway") as asked:
                cluster.put("pods", pack_pod("p-1", host))
                servers = one.process.parts.servers
                await until_async(
                    lambda: (
                        servers.endpoint_now("sales") is None and one.process.parts.servers.reaching._failed
                    )
                )
                assert asked == []
                assert not call.done()
            async with fake_pack(host, tmp_path, {"sales": small.target}) as asked:
                await call
                assert asked == [("gateway", ("sales",))]

    asyncio.run(main())


def test_a_full_disk_promises_nothing_and_answers_as_before(
    tmp_path: Path, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not written down is not shown, as a gateway that starts again would not know it."""
    assert recording.snapshot is not None
    store = SnapshotStore(tmp_path / "controller-s", 1 << 30)
    digest = store.put(recording.snapshot)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def no_room(*_: object) -> None:
        raise full

    async def main() -> None:
        async with edge(tmp_path, MemoryCluster([SALES])) as one:
            await listening(one)
            await show(one, 1, "reef-1")
            served = ServedNow(server_id="reef-2", snapshot=digest)
            offer = Offer(name="sales", generation=2, served=served, snapshot_bytes=store.file(digest))
            with monkeypatch.context() as disk:
                disk.setattr("reef.snapshots.store.SnapshotStore.put_file", no_room)
                with pytest.raises(grpc.aio.AioRpcError):
                    await one.told("Hold", offer, Held)
                assert await one.told("Show", Show("sales", 2), Held) == Held(False)
            assert await one.told("Hold", offer, Held) == Held(True)
            with monkeypatch.context() as disk:
                disk.setattr("reef.gateways.book.write_atomic", no_room)
                for request in (Show("sales", 2), Freeze("sales", 2, 1.0)):
                    with pytest.raises(grpc.aio.AioRpcError):
                        await one.told(type(request).__name__, request, Held)
            await one.told("Thaw", Thaw("sales", 2), Nothing)
            assert await one.server_id() == "reef-1"
            assert await one.told("Show", Show("sales", 2), Held) == Held(True)
            assert await one.server_id() == "reef-2"

    asyncio.run(main())


def test_only_the_controller_may_tell_it_anything(tmp_path: Path) -> None:
    async def main() -> None:
        async with edge(tmp_path, MemoryCluster([SALES])) as one:
            for role in ("gateway", "pack"):
                with pytest.raises(grpc.aio.AioRpcError) as raised:
                    await one.told("State", Nothing(), GatewayState, role)
                assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED
            async with grpc.aio.insecure_channel(f"{one.host}:7443") as opened:
                with pytest.raises(grpc.aio.AioRpcError) as raised:
                    await opened.unary_unary("/reef.v1.Gateway/State")(b"\x80", timeout=scaled(10))
                assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
            state = await one.told("State", Nothing(), GatewayState)
            assert state == GatewayState(shown={}, snapshots=(), ready=False)

    asyncio.run(main())


def test_frozen_answers_wait_and_leave_with_the_new_version(tmp_path: Path) -> None:
    async def main() -> None:
        async with edge(tmp_path, MemoryCluster([SALES])) as one:
            await listening(one)
            await show(one, 1, "reef-1")
            offer = Offer(name="sales", generation=2, served=ServedNow(server_id="reef-2"))
            await one.told("Hold", offer, Held)
            assert await one.server_id() == "reef-1"
            assert await one.told("Freeze", Freeze("sales", 2, scaled(30)), Frozen) == Frozen(None)
            polls = [asyncio.create_task(one.server_id()) for _ in range(5)]
            done, _ = await asyncio.wait(polls, timeout=0.3)
            assert not done
            assert not await told_ready(one)
            await one.told("Show", Show("sales", 1), Held)
            assert not [poll for poll in polls if poll.done()], "an older word that came late frees nothing"
            await one.told("Show", Show("sales", 2), Held)
            assert await asyncio.gather(*polls) == ["reef-2"] * 5

    asyncio.run(main())


async def told_ready(one: Here) -> bool:
    return (await one.told("State", Nothing(), GatewayState)).ready


def test_a_promotion_that_is_called_off(tmp_path: Path) -> None:
    async def main() -> None:
        async with edge(tmp_path, MemoryCluster([SALES])) as one:
            await listening(one)
            await show(one, 1, "reef-1")
            await one.told("Freeze", Freeze("sales", 2, scaled(30)), Frozen)
            poll = asyncio.create_task(one.server_id())
            assert (await one.told("State", Nothing(), GatewayState)).frozen == {"sales": 2}
            await one.told("Thaw", Thaw("sales", 2), Nothing)
            assert await poll == "reef-1"
            assert (await one.told("State", Nothing(), GatewayState)).frozen == {}

    asyncio.run(main())


def test_a_freeze_of_which_nobody_says_the_end(tmp_path: Path) -> None:
    """It may be that others show the new version already: no answer, not ready, and the same after a restart."""

    async def main() -> None:
        cluster = MemoryCluster([SALES, location("other", 20_001, pack="p-1")])
        async with edge(tmp_path, cluster) as one:
            await listening(one, "sales", "other")
            await show(one, 1, "reef-1")
            await one.told("Welcome", Welcome(("sales", "other")), Nothing)
            assert await one.looked() == (200, "ok\n")
            await one.told("Freeze", Freeze("sales", 2, 0.2), Frozen)
            await unresolved(one)
            assert (await one.told("State", Nothing(), GatewayState)).shown["sales"].generation == 1
        async with edge(tmp_path, cluster) as one:
            await listening(one)
            await unresolved(one)
            await one.told("Welcome", Welcome(("sales", "other")), Nothing)
            assert await one.looked() == (503, "between two versions: sales\n")
            offer = Offer(name="sales", generation=2, served=ServedNow(server_id="reef-2"))
            await one.told("Hold", offer, Held)
            await one.told("Show", Show("sales", 2), Held)
            assert await one.server_id() == "reef-2"
            assert await one.looked() == (200, "ok\n")

    async def unresolved(one: Here) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await one.server_id()
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "between two versions" in (raised.value.details() or "")
        status, text = await one.looked()
        assert status == 503
        assert "between two versions: sales" in text

    asyncio.run(main())


def test_it_tells_when_a_list_was_asked_for_last(tmp_path: Path, recording: Recording) -> None:
    """Whether a client may be between list and server id, only all gateways together can say."""
    assert recording.snapshot is not None
    store = SnapshotStore(tmp_path / "controller-s", 1 << 30)
    digest = store.put(recording.snapshot)

    async def main() -> None:
        async with edge(tmp_path, MemoryCluster([SALES])) as one:
            await listening(one)
            await show(one, 1, "reef-1", digest, store.file(digest))
            await one.call("ListRepositories")
            frozen = await one.told("Freeze", Freeze("sales", 2, 5.0), Frozen)
            assert frozen.listed_ago_s is not None
            assert 0 <= frozen.listed_ago_s < scaled(5.0)
            offer = Offer(name="sales", generation=2, served=ServedNow(server_id="reef-2", snapshot=digest))
            await one.told("Hold", offer, Held)
            await one.told("Show", Show("sales", 2), Held)
            assert await one.server_id() == "reef-2", "a gateway by itself holds no id back"

    asyncio.run(main())


def test_listeners_come_and_go_with_locations(tmp_path: Path) -> None:
    async def main() -> None:
        cluster = MemoryCluster([SALES])
        async with edge(tmp_path, cluster) as one:
            await listening(one)
            cluster.put("codelocations", location("other", 20_001, pack="p-1"))
            await listening(one, "sales", "other")
            assert messages.ping_reply(b"") == await one.call("Ping", port=20_001)
            cluster.put("codelocations", location("other", 20_002, pack="p-1"))
            await until_async(lambda: one.process.parts.listeners._ports.get("other") == 20_002)
            await one.call("Ping", port=20_002)
            with pytest.raises(grpc.aio.AioRpcError):
                await one.call("Ping", port=20_001)
            cluster.relist("codelocations")
            cluster.remove("codelocations", "other")
            await until_async(lambda: "other" not in one.process.parts.board.locations(), 60)
            await one.call("Ping")

    asyncio.run(main())


def test_pages(tmp_path: Path) -> None:
    tls(tmp_path)

    async def main() -> None:
        async with edge(tmp_path, MemoryCluster()) as one:
            assert await one.looked("/livez") == (200, "ok\n")
            assert await one.looked("/nowhere") == (404, "no such page\n")
            status, text = await one.looked()
            assert (status, text) == (503, "the controller has not said yet that it has told everything\n")

    asyncio.run(main())


def test_a_location_that_moves_is_looked_for_where_it_is(tmp_path: Path, small: CodeServer) -> None:
    """A pack that does not have it has sent the call nowhere; a moment later the cluster says which one has it."""

    async def main() -> None:
        old, new = address(), address()
        cluster = MemoryCluster([SALES], [pack_pod("p-1", old), pack_pod("p-2", new, uid="u2")])
        async with (
            edge(tmp_path, cluster) as one,
            fake_pack(old, tmp_path, {}) as asked,
            fake_pack(new, tmp_path, {"sales": small.target}) as asked_then,
        ):
            await listening(one)
            call = asyncio.create_task(one.call("ExternalPartitionNames", timeout_s=scaled(30)))
            await until_async(lambda: bool(asked))
            cluster.put("codelocations", location("sales", pack="p-2"))
            await call
            assert asked_then == [("gateway", ("sales",))]

    asyncio.run(main())


@pytest.mark.slow
def test_a_pack_on_a_node_that_is_lost(tmp_path: Path, small: CodeServer) -> None:
    """The cluster says for minutes that it is ready. Its connection is given up, and calls go to the one that came."""

    async def main() -> None:
        gone, behind, new, lost = address(), address(), address(), asyncio.Event()
        cluster = MemoryCluster([SALES], [pack_pod("p-1", gone)])
        targets = {"sales": small.target}
        async with (
            edge(tmp_path, cluster) as one,
            fake_pack(behind, tmp_path, targets),
            relay(gone, PEER_PORT, f"{behind}:{PEER_PORT}", lost),
            fake_pack(new, tmp_path, targets) as asked,
        ):
            await listening(one)
            await one.call("ExternalPartitionNames")
            lost.set()
            cluster.put("pods", pack_pod("p-1", new, uid="u2"))
            reaching, deadline = one.process.parts.servers.reaching, Deadline(60)
            while not reaching._failed:
                assert not deadline.over, "nobody noticed"
                with contextlib.suppress(grpc.aio.AioRpcError):
                    await one.call("ExternalPartitionNames", timeout_s=scaled(30))
            for _ in range(3):
                await one.call("ExternalPartitionNames")
            assert len(asked) >= 3

    asyncio.run(main())
