"""`reef pack-host` as a pod runs it: an agent in each container. What a container is here, `packbench.py` says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pack_process import GOOD, Pack, location
from packbench import Container

from deadlines import scaled, until
from reef.peers.messages import ContainerState, InFlight, Nothing, PackLocation, ProbeReply

BOXES: dict[str, Container] = {}


def there(name: str, container: str, folder: Path) -> PackLocation:
    code = folder / f"file_{name}.py"
    code.write_text(GOOD)
    return location(name, code, container=container)


@pytest.fixture(scope="module")
def pack() -> Iterator[Pack]:
    """Container `own` serves one location, `shared` two of one image; `missing` never comes."""
    with tempfile.TemporaryDirectory(prefix="pk") as name:
        folder = Path(name)
        homes = {"alone": "own", "one": "shared", "two": "shared", "lost": "missing"}
        made = Pack(folder, *(there(one, box, folder) for one, box in homes.items()), in_pod=True)
        made.run.mkdir()
        BOXES.update({one: Container.start(made.run / one, {"OF": one}) for one in ("own", "shared")})
        made.start()
        try:
            yield made
        finally:
            made.close()
            for box in BOXES.values():
                box.end()


def containers(pack: Pack) -> dict[str, ContainerState]:
    return {one.name: one for one in pack.state().containers}


def all_of(pack: Pack, field: str, *names: str) -> list[Any]:
    return [getattr(pack.of(name), field) for name in names]


def test_locations_wake_in_their_containers(pack: Pack) -> None:
    connected = {one.name: one.connected for one in containers(pack).values()}
    assert connected == {"own": True, "shared": True, "missing": False}
    until(lambda: containers(pack)["shared"].zygote, 60, "for its zygote")
    for name in ("alone", "one", "two"):
        assert f"file_{name}.py" in pack.gateway.code_of(name)
    assert all_of(pack, "forked", "alone", "one", "two") == [False, True, True]
    until(lambda: pack.of("one").private_bytes, 30, "for its memory")


def test_a_container_that_is_missing_keeps_no_other_from_running(pack: Pack) -> None:
    with pytest.raises(grpc.RpcError) as missing:
        pack.gateway.code_of("lost")
    assert missing.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "container 'missing' is not running" in missing.value.details()
    assert pack.http("/readyz") == 200


def test_a_probe_tells_of_its_container(pack: Pack) -> None:
    reply = pack.one("Probe", "alone", ProbeReply)
    assert reply.failed is None
    assert "OF" in reply.env_names
    assert (reply.python_version[:2], ":" in reply.user) == ("3.", True)
    assert reply.modules
    assert b"file_alone.py" in pack.controller.dagster("ListRepositories", "alone", server="probe")
    pack.one("EndProbe", "alone", Nothing)


def test_a_host_that_was_killed_finds_its_servers_again(pack: Pack) -> None:
    for name in ("alone", "one", "two"):  # "two" may be asleep again
        pack.gateway.code_of(name)
    pack.kill()
    pack.start()
    assert all_of(pack, "phase", "alone", "one", "two") == ["warm", "warm", "warm"]
    assert all_of(pack, "cold_start_s", "alone", "one") == [None, None]  # nothing was started
    assert "file_one.py" in pack.gateway.code_of("one")


def test_a_container_is_replaced_while_its_location_is_held(pack: Pack) -> None:
    pack.gateway.code_of("alone")
    until(lambda: pack.one("Hold", "alone", InFlight) == InFlight(0), 30, "for the end of its server")
    waiting = pack.gateway.later("ListRepositories", "alone")
    before = containers(pack)["own"].started
    BOXES["own"].kill()
    BOXES["own"] = Container.start(pack.run / "own", {"OF": "own"})
    until(lambda: containers(pack)["own"].started not in ("", before), 30, "for its new agent")
    assert not waiting.done()
    pack.one("Release", "alone", Nothing)
    assert b"file_alone.py" in waiting.result(scaled(60))
