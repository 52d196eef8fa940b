"""What a pack serves changes while it serves, and is still known after the host was killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from pack_process import location, packed

from deadlines import scaled, until
from reef.peers.messages import PackConfig, PackState
from reef.wire.messages import reply_text

Write = Callable[..., Path]


def test_an_idle_location_sleeps_and_wakes_again(code: Write) -> None:
    with packed(location("a", code(), idle_timeout_s=1.0)) as pack:
        pack.gateway.code_of("a")
        until(lambda: pack.of("a").phase == "asleep", 60, "for its sleep")
        until(lambda: not pack.children(), 30, "for the end of its server")
        assert "good.py" in pack.gateway.code_of("a")


def test_a_new_version_gets_a_new_server_and_the_old_one_ends_its_calls(code: Write, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held.ipynb")
    old, new = location("a", code("old")), location("a", code("new"), version="v2")
    other = location("b", code("other"))
    with packed(old, other) as pack:
        pack.gateway.code_of("b")
        assert "old.py" in pack.gateway.code_of("a")
        (of_a,), (of_b,) = pack.children("a"), pack.children("b")
        under_way = pack.gateway.read("a", tmp_path / "held.ipynb")
        until(lambda: pack.of("a").in_flight, 30, "for the call")
        assert pack.use(new, other).generation == pack.generation
        assert "new.py" in pack.gateway.code_of("a")
        assert (pack.of("a").version, pack.of("a").in_flight) == ("v2", 1)
        assert of_a in pack.children()
        (tmp_path / "held.ipynb").write_bytes(b"the end")
        assert reply_text(under_way.result(scaled(30))) == b"the end"
        until(lambda: of_a not in pack.children(), 30, "for the end of the old server")
        assert of_b in pack.children()


def test_other_variables_are_another_server_of_the_same_version(code: Write) -> None:
    with packed(location("a", code())) as pack:
        pack.gateway.code_of("a")
        (before,) = pack.children()
        pack.use(location("a", code(), idle_timeout_s=300.0, memory_limit_bytes=8 << 30, owner="us"))
        pack.gateway.code_of("a")
        assert pack.children() == [before]  # nothing that it was started with
        pack.use(location("a", code(), env={"NAME": "value"}))
        until(lambda: before not in pack.children(), 30, "for the end of the server")
        pack.gateway.code_of("a")  # where starts are slow, as its cost says, the next one has begun by itself
        assert pack.of("a").version == "v1"
        (after,) = pack.children()
        assert after != before


def test_locations_come_and_go(code: Write) -> None:
    a, b = location("a", code("file_a")), location("b", code("file_b"))
    with packed(a) as pack:
        pack.gateway.code_of("a")
        pack.use(a, b)
        assert "file_b.py" in pack.gateway.code_of("b")
        of_b = pack.children("b")
        pack.use(b)
        until(lambda: pack.children() == of_b, 30, "for the end of the other's server")
        with pytest.raises(grpc.RpcError) as gone:
            pack.gateway.code_of("a")
        assert gone.value.code() is grpc.StatusCode.NOT_FOUND
        assert [one.name for one in pack.state().locations] == ["b"]


def test_a_location_that_is_warm_has_its_server_without_a_call(code: Write) -> None:
    with packed(location("a", code(), warm=True, idle_timeout_s=0.1)) as pack:
        until(lambda: pack.of("a").phase == "warm", 60, "for its server")
        (first,) = pack.children()
        os.kill(first, 9)
        until(lambda: pack.children() not in ([], [first]), 60, "for another one")


def test_what_is_older_is_passed_over_and_what_is_wrong_is_refused(code: Write) -> None:
    a = location("a", code())
    with packed(a) as pack:
        pack.use(a, location("b", code()))
        older = PackConfig(generation=1, locations=())
        assert pack.controller.pack("Use", older, PackState) == pack.state()
        assert (pack.state().generation, len(pack.state().locations)) == (2, 2)
        for wrong in ((a, a), (location("x", code(), container="../x"),)):
            with pytest.raises(grpc.RpcError) as refused:
                pack.use(*wrong)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_host_that_was_killed_takes_its_servers_up_and_goes_on_with_the_newest(code: Write) -> None:
    old, stays = location("old", code("old")), location("stays", code("stays"))
    with packed(old) as pack:
        pack.use(old, stays)
        for name in ("old", "stays"):
            pack.gateway.code_of(name)
        (of_old,), (of_stays,) = pack.children("old"), pack.children("stays")
        pack.kill()
        assert set(pack.children()) == {of_old, of_stays}
        pack.start()
        assert pack.state().generation == 2
        assert {one.phase for one in pack.state().locations} == {"warm"}
        assert "stays.py" in pack.gateway.code_of("stays")
        assert set(pack.children()) == {of_old, of_stays}
        pack.kill()
        pack.generation = 3
        pack.write(location("old", code("new"), version="v2"), stays)  # newer than what was kept
        pack.start()
        until(lambda: pack.children() == [of_stays], 30, "for the end of the server of before")
        assert "new.py" in pack.gateway.code_of("old")
