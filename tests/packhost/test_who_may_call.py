"""Who gets through at the peer port, and what each role may ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from pack_process import GOOD, Pack, Peer, location, packed, write_identity

from deadlines import scaled
from reef.peers.messages import Nothing, PackState
from reef.trust.authority import make_authority

DENIED, UNKNOWN = grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED
UNREACHABLE = grpc.StatusCode.UNAVAILABLE


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    code = tmp_path_factory.mktemp("code") / "good.py"
    code.write_text(GOOD)
    with packed(location("a", code)) as made:
        yield made


def outcome(ask: Callable[[], object]) -> grpc.StatusCode:
    try:
        ask()
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


def ping(peer: Peer, server: str = "") -> grpc.StatusCode:
    """The end of a call that every location answers."""
    return outcome(lambda: peer.dagster("Ping", "a", timeout_s=scaled(30), server=server))


def state(peer: Peer) -> grpc.StatusCode:
    return outcome(lambda: peer.pack("State", Nothing(), PackState))


def closing(peer: Peer, *asked: Callable[[Peer], grpc.StatusCode]) -> list[grpc.StatusCode]:
    try:
        return [ask(peer) for ask in asked]
    finally:
        peer.close()


def test_who_has_no_certificate_gets_nothing(pack: Pack) -> None:
    assert closing(pack.peer(None), ping, state) == [UNREACHABLE, UNREACHABLE]


def test_who_has_a_certificate_of_somebody_else_gets_nothing(pack: Pack, tmp_path: Path) -> None:
    folder = write_identity(tmp_path / "other", make_authority(time.time()), "gateway")
    (folder / "ca.crt").write_bytes(
        (pack.tls["pack"] / "ca.crt").read_bytes()
    )  # it trusts the host all the same
    assert closing(Peer(pack.peer_port, folder), ping, state) == [UNREACHABLE, UNREACHABLE]


def test_each_role_may_ask_what_is_its_own(pack: Pack, tmp_path: Path) -> None:
    assert [ping(pack.gateway), state(pack.gateway)] == [grpc.StatusCode.OK, DENIED]
    assert [ping(pack.controller), state(pack.controller)] == [grpc.StatusCode.OK, grpc.StatusCode.OK]
    assert closing(pack.peer("pack"), ping, state) == [DENIED, DENIED]
    nameless = write_identity(tmp_path / "nameless", pack.authority, "not.a-role")
    assert closing(Peer(pack.peer_port, nameless), ping, state) == [UNKNOWN, UNKNOWN]


def test_probes_are_the_controllers(pack: Pack) -> None:
    assert ping(pack.gateway, server="probe") is DENIED
    assert ping(pack.controller, server="probe") is grpc.StatusCode.NOT_FOUND  # nobody asked for one


def test_a_refused_caller_wakes_nobody_and_learns_nothing(pack: Pack) -> None:
    stranger = pack.peer("pack")
    try:
        for name in ("a", "elsewhere"):
            assert outcome(lambda name=name: stranger.code_of(name)) is DENIED
    finally:
        stranger.close()
    assert pack.of("a").phase == "asleep"


def test_certificates_that_are_replaced_count_from_the_next_connection_on(pack: Pack, tmp_path: Path) -> None:
    before = {role: make_authority(time.time()) for role in ("new",)}["new"]
    folder = write_identity(tmp_path / "gateway", before, "gateway")
    assert closing(Peer(pack.peer_port, folder), ping) == [UNREACHABLE]
    write_identity(pack.tls["pack"], before, "pack")
    try:
        assert closing(Peer(pack.peer_port, folder), ping) == [grpc.StatusCode.OK]
        assert ping(pack.gateway) is grpc.StatusCode.OK  # it is connected
        assert closing(pack.peer("gateway"), ping) == [UNREACHABLE]
    finally:
        write_identity(pack.tls["pack"], pack.authority, "pack")
