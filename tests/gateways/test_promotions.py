"""Promotions over several gateways that are processes: no client sees a server id go back, whichever it asks."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio
import pytest
from code_servers import CodeServer
from edges import PORT, Apart, address, apart, edge, fake_pack, tls
from memory_cluster import MemoryCluster
from objects_of import location, pack_pod

from deadlines import Deadline, scaled, slowness, until, until_async
from reef.controller.peering import GatewayPeer
from reef.controller.promoting import ID_LAG_S, Member, Promoter, ShownVersion
from reef.kube.labels import PEER_PORT
from reef.peers.messages import Freeze, Frozen, Held, Nothing, Offer, ServedNow, Show, Welcome
from reef.snapshots import SnapshotStore
from reef.snapshots.record import Recording
from reef.trust.credentials import SecureChannels
from reef.wire import messages
from reef.wire.client import open_channel
from reef.wire.lanes import path_of

NAME = "sales"
POLL_S = 2.0  # what Dagster's watcher allows
PROMOTIONS = 100
CLIENTS = 6


@dataclass
class Field:
    """Gateways with one cluster and one set of certificates, and what the database would hold."""

    folder: Path
    gateways: list[Apart] = field(default_factory=list)
    shown: dict[str, ShownVersion] = field(default_factory=dict)
    unwell: list[str] = field(default_factory=list)

    async def write(self, name: str, now: ShownVersion, _why: str) -> None:
        """A fake: nothing outlives this test."""


@contextmanager
def several(folder: Path, number: int, pack: str | None = None) -> Iterator[Field]:
    certificates, cluster = tls(folder), folder / "cluster"
    cluster.mkdir()
    (cluster / "codelocations.json").write_text(json.dumps([location(NAME, PORT, pack="p-1")]))
    if pack:
        (cluster / "pods.json").write_text(json.dumps([pack_pod("p-1", pack)]))
    with ExitStack() as stack:
        found = Field(folder)
        for each in range(number):
            one = stack.enter_context(apart(folder / f"g{each}", certificates, cluster))
            found.gateways.append(one)
        for one in found.gateways:
            until(lambda one=one: one.page("/livez")[0] == 200 and listens(one), 90)  # type: ignore[misc]
        yield found


def listens(one: Apart) -> bool:
    assert one.process.poll() is None, one.log.read_text()
    with grpc.insecure_channel(f"{one.host}:{PORT}") as channel:
        try:
            channel.unary_unary(path_of("Ping"))(b"", timeout=scaled(2))
        except grpc.RpcError:
            return False
    return True


async def nothing(_digest: str) -> bytes | None:
    return None


async def answered(one: Apart, path: str, status: int) -> None:
    """Until that page says so, beside other tasks."""
    deadline = Deadline(90)
    while (await one.looked(path))[0] != status:
        assert not deadline.over, one.log.read_text()
        await asyncio.sleep(0.02)


def promoter_of(found: Field) -> Promoter:
    """The controller's own, over a fake database."""
    return Promoter(found.shown, nothing, found.write, lambda key, why: found.unwell.append(f"{key}: {why}"))


@dataclass
class Watcher:
    """A client that polls as Dagster's watcher does, only as fast as it can, each time any gateway that is ready."""

    ready: list[Apart]
    highest: int = 0
    polls: int = 0
    slowest_s: float = 0.0
    back: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            one = random.choice(self.ready)
            began = time.monotonic()
            try:
                async with open_channel(
                    f"{one.host}:{PORT}"
                ) as channel:  # a new one each time: Dagster's habit
                    reply = await channel.unary_unary(path_of("GetServerId"), None, None)(
                        b"", timeout=scaled(POLL_S)
                    )
            except grpc.aio.AioRpcError as error:
                if one in self.ready:  # else it was killed under this call
                    self.failed.append(f"{error.code().name}: {error.details()}")
                continue
            self._seen(int(messages.server_id_of(reply).removeprefix("reef-")), time.monotonic() - began)

    def _seen(self, number: int, seconds: float) -> None:
        self.polls += 1
        self.slowest_s = max(self.slowest_s, seconds)
        if number < self.highest:
            self.back.append(f"{number} after {self.highest}")
        self.highest = max(self.highest, number)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_server_id_goes_back_over_three_gateways_one_of_which_is_killed(tmp_path: Path) -> None:
    """100 promotions; the one that is killed comes back from its disk and takes part again. Clients ask those gateways
    that a Service would give them: the ready ones."""

    async def main() -> list[Watcher]:
        with several(tmp_path, 3) as found, ExitStack() as restarted:
            channels = SecureChannels(tmp_path / "controller")
            promoter, ready, stop = promoter_of(found), list[Apart](), asyncio.Event()

            def member(one: Apart, start: int) -> Member:
                target = f"{one.host}:{PEER_PORT}"
                return Member(f"{one.host}/{start}", GatewayPeer(lambda: channels.to(target, "gateway")))

            async def join(one: Apart, start: int) -> None:
                await promoter.join(member(one, start), (NAME,))
                assert await one.looked() == (200, "ok\n")
                ready.append(one)

            async def kill_and_start_again(one: Apart) -> None:
                """As kubelet: the container ends, its pod leaves the Service, it is started again in its folder."""
                ready.remove(one)
                await asyncio.to_thread(one.kill)
                promoter.leave(f"{one.host}/0")
                again = apart(one.log.parent, one.certificates, tmp_path / "cluster", host=one.host)
                one.process = restarted.enter_context(again).process
                await answered(one, "/livez", 200)
                await join(one, 1)

            await promoter.promote(NAME, ServedNow(server_id="reef-0"), "first")
            for one in found.gateways:
                await join(one, 0)
            watchers = [Watcher(ready) for _ in range(CLIENTS)]
            polling = [asyncio.create_task(watcher.run(stop)) for watcher in watchers]
            killing: asyncio.Task[None] | None = None
            for number in range(1, PROMOTIONS + 1):
                if number == PROMOTIONS // 3:
                    killing = asyncio.create_task(kill_and_start_again(found.gateways[1]))
                await promoter.promote(NAME, ServedNow(server_id=f"reef-{number}"), "next")
            assert killing is not None
            await killing
            await promoter.promote(NAME, ServedNow(server_id=f"reef-{PROMOTIONS + 1}"), "the last")
            await until_async(lambda: all(one.highest == PROMOTIONS + 1 for one in watchers))
            stop.set()
            await asyncio.gather(*polling)
            await channels.close()
            assert found.unwell == []
            return watchers

    watchers = asyncio.run(main())
    print(
        f"{sum(one.polls for one in watchers)} polls, slowest {max(one.slowest_s for one in watchers):.2f} s"
    )
    assert [one.back for one in watchers] == [[]] * CLIENTS
    assert [one.failed for one in watchers] == [[]] * CLIENTS
    assert all(one.polls > PROMOTIONS / 2 for one in watchers)
    assert max(one.slowest_s for one in watchers) < POLL_S * max(1.0, slowness())


@pytest.mark.timeout(300)
def test_a_gateway_that_is_killed_between_freeze_and_show_does_not_go_back(tmp_path: Path) -> None:
    """Others may have shown the new version while it was dead. Its disk remembers that it promised to be silent."""

    async def main() -> None:
        with several(tmp_path, 1) as found:
            [one] = found.gateways
            await one.told("Hold", Offer(name=NAME, generation=1, served=ServedNow(server_id="reef-1")), Held)
            await one.told("Show", Show(NAME, 1), Held)
            await one.told("Freeze", Freeze(NAME, 2, scaled(30)), Frozen)
            one.kill()
            with apart(one.log.parent, one.certificates, tmp_path / "cluster", host=one.host) as again:
                await until_async(lambda: listens(again), 90)
                with pytest.raises(grpc.aio.AioRpcError) as raised:
                    await again.server_id()
                assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
                await again.told("Welcome", Welcome((NAME,)), Nothing)
                assert await again.looked() == (503, f"between two versions: {NAME}\n")

    asyncio.run(main())


@pytest.mark.timeout(300)
def test_one_starts_again_from_its_disk_with_everybody_away(tmp_path: Path, small: CodeServer) -> None:
    """Neither API server nor controller: it answers, passes calls on, and is ready once it knows that it is alone."""

    async def main() -> None:
        pack = address()
        with several(tmp_path, 1, pack) as found:
            [one] = found.gateways
            async with fake_pack(pack, one.certificates, {NAME: small.target}):
                await one.told(
                    "Hold", Offer(name=NAME, generation=7, served=ServedNow(server_id="reef-7")), Held
                )
                await one.told("Show", Show(NAME, 7), Held)
                known = one.log.parent / "state" / "known.json"
                await until_async(lambda: known.exists() and pack in known.read_text())
                one.kill()
                nowhere = tmp_path / "nowhere"
                with apart(one.log.parent, one.certificates, nowhere, host=one.host) as again:
                    await until_async(lambda: listens(again), 90)
                    assert await again.server_id() == "reef-7"
                    await again.call("ExternalPartitionNames")
                    status, text = await again.looked()
                    assert status == 200 or "the controller has not said yet" in text
                    await answered(again, "/readyz", 200)

    asyncio.run(main())


@pytest.mark.timeout(300)
def test_at_sigterm_it_goes_on_while_everybody_learns_of_it(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        pack, certificates, cluster = address(), tls(tmp_path), tmp_path / "cluster"
        cluster.mkdir()
        (cluster / "codelocations.json").write_text(json.dumps([location(NAME, PORT, pack="p-1")]))
        (cluster / "pods.json").write_text("[]")
        with apart(tmp_path / "g", certificates, cluster, linger_s=scaled(1.0)) as one:
            await until_async(lambda: listens(one), 90)
            await one.told("Hold", Offer(name=NAME, generation=1, served=ServedNow(server_id="reef-1")), Held)
            await one.told("Show", Show(NAME, 1), Held)
            await one.told("Welcome", Welcome((NAME,)), Nothing)
            assert await one.looked() == (200, "ok\n")
            held = asyncio.create_task(one.call("ExternalPartitionNames", timeout_s=scaled(60)))
            async with open_channel(f"{one.host}:{PORT}") as other:
                await other.unary_unary(path_of("Ping"), None, None)(b"", timeout=scaled(20))
                one.terminate()
                await until_async(lambda: one.page() == (503, "it is stopping\n"))
                assert await one.server_id() == "reef-1", "not ready, and still answering"
            async with fake_pack(pack, certificates, {NAME: small.target}):
                (cluster / "pods.json").write_text(json.dumps([pack_pod("p-1", pack)]))
                await held
            assert await asyncio.to_thread(one.process.wait, scaled(30)) == 0, one.log.read_text()

    asyncio.run(main())


def test_a_client_between_list_and_id_at_two_gateways_gets_the_old_id(
    tmp_path: Path, recording: Recording
) -> None:
    """Otherwise it would show the old list under the new id for good, and nobody could see it."""
    assert recording.snapshot is not None
    store = SnapshotStore(tmp_path / "controller-s", 1 << 30)
    digest = store.put(recording.snapshot)

    async def read(wanted: str) -> bytes | None:
        return store.file(wanted)

    async def main() -> None:
        found, cluster = Field(tmp_path), MemoryCluster([location(NAME, PORT, pack="p-1")])
        certificates = tls(tmp_path)
        channels = SecureChannels(certificates / "controller")
        promoter = Promoter(found.shown, read, found.write, lambda key, why: found.unwell.append(why))
        async with AsyncExitStack() as stack:
            both = [
                await stack.enter_async_context(edge(tmp_path / name, cluster, certificates=certificates))
                for name in ("a", "b")
            ]
            for one in both:
                await until_async(lambda one=one: one.listens_for(NAME))  # type: ignore[misc]
                connect = lambda one=one: channels.to(f"{one.host}:{PEER_PORT}", "gateway")  # noqa: E731
                await promoter.join(Member(one.host, GatewayPeer(connect)), (NAME,))
            await promoter.promote(NAME, ServedNow(server_id="reef-1", snapshot=digest), "first")
            await both[0].call("ListRepositories")
            listed_at = time.monotonic()
            new = asyncio.create_task(promoter.promote(NAME, ServedNow(server_id="reef-2"), "next"))
            seen = [await both[1].server_id()]
            while not new.done():
                seen.append(await random.choice(both).server_id())
                await asyncio.sleep(0.01)
            assert time.monotonic() - listed_at >= ID_LAG_S
            assert seen == sorted(seen), "none goes back"
            assert seen[0] == "reef-1"
            assert [await one.server_id() for one in both] == ["reef-2"] * 2
            await channels.close()

    asyncio.run(main())
