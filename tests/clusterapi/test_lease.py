"""Who leads, by a real Lease in a real API server."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from asking import Wire, client, eventually

from deadlines import scaled
from lab.apiserver import ApiServer
from reef.cluster.kinds import LEASE
from reef.cluster.lease import GIVE_UP_S, LEASE_S, Leadership

pytestmark = pytest.mark.timeout(300)

CANDIDATE = """
import asyncio, signal, sys
from pathlib import Path
from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.cluster.lease import Leadership

async def main():
    client = Client(connection(kubeconfig=Path(sys.argv[1])))
    lease = Leadership(client, sys.argv[2], "reef", sys.argv[3])
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lease.lost.set)
    lease.start()
    await lease.acquired()
    print(lease.token, flush=True)
    await lease.lost.wait()
    await lease.release()

asyncio.run(main())
"""


class Candidate:
    """A process of its own."""

    def __init__(self, server: ApiServer, namespace: str, name: str) -> None:
        command = [sys.executable, "-c", CANDIDATE, str(server.kubeconfig), namespace, name]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    async def token(self) -> int:
        assert self.process.stdout is not None
        return int(await asyncio.to_thread(self.process.stdout.readline))

    def __enter__(self) -> Candidate:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_a_leader_that_is_killed_is_followed_by_the_other(api_server: ApiServer, kube_namespace: str) -> None:
    async def main() -> None:
        with Candidate(api_server, kube_namespace, "a") as first:
            token = await first.token()
            with Candidate(api_server, kube_namespace, "b") as second:
                # it looks, and waits while the first renews
                waiting = asyncio.create_task(second.token())
                done, _ = await asyncio.wait([waiting], timeout=LEASE_S + 3)
                assert not done
                first.process.send_signal(signal.SIGKILL)
                killed = time.monotonic()
                assert await waiting > token
                took = time.monotonic() - killed
                assert LEASE_S - 6 < took < scaled(LEASE_S + 6)

    asyncio.run(main())


def test_a_leader_that_is_asked_to_end_gives_it_back(api_server: ApiServer, kube_namespace: str) -> None:
    async def main() -> None:
        with Candidate(api_server, kube_namespace, "a") as first:
            token = await first.token()
            with Candidate(api_server, kube_namespace, "b") as second:
                first.process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(first.process.wait, scaled(30)) == 0
                lease = api_server.kubectl.json("-n", kube_namespace, "get", "lease", "reef")
                assert lease["spec"]["holderIdentity"] in ("", "b")  # long before it would have run out
                assert await second.token() > token

    asyncio.run(main())


def test_a_leader_that_nobody_answers_stops_before_another_begins(
    api_server: ApiServer, kube_namespace: str, tmp_path: Path
) -> None:
    """Its wire goes dead. The times are of one clock here, so they show the order."""
    wire = Wire()

    async def main() -> None:
        async with (
            wire.to(api_server, tmp_path) as kubeconfig,
            client(api_server, kube_namespace, kubeconfig) as cut_off,
            client(api_server, kube_namespace) as asked,
        ):
            first = Leadership(cut_off, kube_namespace, "reef", "a")
            second = Leadership(asked, kube_namespace, "reef", "b")
            first.start()
            await first.acquired()
            second.start()
            assert (first.held, second.held) == (True, False)
            began = time.monotonic()
            wire.dead.set()
            await first.lost.wait()
            assert time.monotonic() - began > GIVE_UP_S - 6
            assert (first.held, second.held) == (False, False)
            await second.acquired()
            assert (first.held, second.held) == (False, True)
            assert second.token > first.token
            await second.release()
            await first.release()

    asyncio.run(main())


def test_an_api_server_that_comes_back_in_time_keeps_the_leader(
    api_server: ApiServer, kube_namespace: str
) -> None:
    """A clock that stands still stands for one that comes back within seconds, however slow this machine is."""

    async def main() -> None:
        now = 0.0
        async with client(api_server, kube_namespace) as asked:
            lease = Leadership(asked, kube_namespace, "reef", "a", clock=lambda: now)
            lease.start()
            await lease.acquired()
            with api_server.away():
                await eventually(lambda: lease._told)
            before = (await asked.get(LEASE, "reef"))["spec"]["renewTime"]
            async with asyncio.timeout(scaled(60)):
                while (await asked.get(LEASE, "reef"))["spec"]["renewTime"] == before:
                    await asyncio.sleep(0.2)
            assert lease.held
            now = GIVE_UP_S + 1
            assert not lease.held
            await lease.lost.wait()
            await lease.release()
            assert (await asked.get(LEASE, "reef"))["spec"]["holderIdentity"] == ""

    asyncio.run(main())


def test_a_lease_of_somebody_else_is_lost_at_once(api_server: ApiServer, kube_namespace: str) -> None:
    """By hand, as an administrator might."""

    async def main() -> None:
        async with client(api_server, kube_namespace) as asked:
            lease = Leadership(asked, kube_namespace, "reef", "a")
            lease.start()
            await lease.acquired()
            await asked.patch(LEASE, "reef", {"spec": {"holderIdentity": "b"}})
            async with asyncio.timeout(scaled(30)):
                await lease.lost.wait()
            await lease.release()
            assert (await asked.get(LEASE, "reef"))["spec"]["holderIdentity"] == "b"

    asyncio.run(main())


def test_a_lease_that_was_deleted_begins_with_a_higher_number(
    api_server: ApiServer, kube_namespace: str
) -> None:
    async def main() -> None:
        async with client(api_server, kube_namespace) as asked:
            tokens = list[int]()
            for identity in ("a", "b", "c"):
                lease = Leadership(asked, kube_namespace, "reef", identity + os.urandom(2).hex())
                lease.start()
                await lease.acquired()
                tokens.append(lease.token)
                await lease.release()
                if identity == "b":
                    made = (await asked.get(LEASE, "reef"))["metadata"]["creationTimestamp"]
                    await asked.delete(LEASE, "reef")
                    await eventually(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) > made)  # noqa: B023
            assert tokens == sorted(set(tokens))

    asyncio.run(main())
