"""A location is held while its container is replaced."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from pack_process import location, packed

from deadlines import scaled, until
from reef.peers.messages import Acted, InFlight, Nothing
from reef.wire.messages import reply_text

Write = Callable[..., Path]


def test_new_calls_wait_until_it_is_released(code: Write, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held.ipynb")
    with packed(location("a", code("file_a")), location("b", code("file_b"))) as pack:
        pack.gateway.code_of("a")
        (before,) = pack.children()
        under_way = pack.gateway.read("a", tmp_path / "held.ipynb")
        until(lambda: pack.of("a").in_flight, 30, "for the call")
        assert pack.one("Hold", "a", InFlight) == InFlight(1)
        waiting = pack.gateway.later("ListRepositories", "a")
        with pytest.raises(grpc.RpcError) as late:
            pack.gateway.dagster("ListRepositories", "a", timeout_s=1.0)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "file_b.py" in pack.gateway.code_of("b")
        (tmp_path / "held.ipynb").write_bytes(b"the end")
        assert reply_text(under_way.result(scaled(30))) == b"the end"
        until(lambda: pack.one("Hold", "a", InFlight) == InFlight(0), 30, "for the end of the call")
        until(lambda: before not in pack.children(), 30, "for the end of its server")
        assert not waiting.done()
        pack.one("Release", "a", Nothing)
        assert "file_a.py" in reply_text(waiting.result(scaled(60))).decode()


def test_a_person_wakes_it_and_lets_it_sleep(code: Write, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held.ipynb")
    with packed(
        location("a", code()), location("b", code("file_b", "raise ImportError('no pandas')"))
    ) as pack:
        assert pack.one("Wake", "a", Acted) == Acted("warm")
        assert len(pack.children()) == 1
        failed = pack.one("Wake", "b", Acted)
        assert (failed.state, "no pandas" in failed.note) == ("failed", True)
        under_way = pack.gateway.read("a", tmp_path / "held.ipynb")
        until(lambda: pack.of("a").in_flight, 30, "for the call")
        assert pack.one("Sleep", "a", Acted) == Acted("warm", "not idle: it has calls or live runs")
        (tmp_path / "held.ipynb").write_bytes(b"the end")
        assert reply_text(under_way.result(scaled(30))) == b"the end"
        until(lambda: pack.one("Sleep", "a", Acted) == Acted("asleep"), 30, "for its sleep")
        until(lambda: not pack.children(), 30, "for the end of its server")


def test_a_location_that_is_not_here_is_not_held(code: Write) -> None:
    with packed(location("a", code())) as pack:
        with pytest.raises(grpc.RpcError) as refused:
            pack.one("Hold", "elsewhere", InFlight)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert pack.one("Hold", "a", InFlight) == InFlight(0)  # asleep
        assert pack.terminate() == 0  # held or not
