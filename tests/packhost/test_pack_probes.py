"""A probe: a server beside the one that serves, which the controller asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from pack_process import GOOD, location, packed

from reef.peers.messages import Nothing, ProbeReply
from reef.wire.messages import listed

Write = Callable[..., Path]

LOOKS = "import colorsys\n" + GOOD


def test_it_tells_what_it_saw_and_answers_until_it_is_ended(code: Write) -> None:
    with packed(location("a", code("looks", LOOKS), env={"SECRET": "pa55-7431"})) as pack:
        reply = pack.one("Probe", "a", ProbeReply)
        assert reply.failed is None
        assert "colorsys" in reply.modules
        assert (reply.load_s > 0, reply.private_bytes > 1 << 20, reply.threads > 0) == (True, True, True)
        assert reply.python_version.startswith("3.")
        assert "SECRET" in reply.env_names
        assert "pa55-7431" not in repr(reply)
        (probe,) = pack.children()
        assert b"looks.py" in pack.controller.dagster("ListRepositories", "a", server="probe")
        assert pack.of("a").phase == "asleep"
        assert "looks.py" in pack.gateway.code_of("a")
        assert len(pack.children()) == 2
        pack.one("EndProbe", "a", Nothing)
        assert probe not in pack.children()
        with pytest.raises(grpc.RpcError) as over:
            pack.controller.dagster("ListRepositories", "a", server="probe")
        assert over.value.code() is grpc.StatusCode.NOT_FOUND
        assert pack.of("a").phase == "warm"


def test_code_that_does_not_load_tells_its_error_as_dagster_does(code: Write) -> None:
    with packed(location("a", code("broken", "import nowhere_to_be_found"))) as pack:
        assert pack.one("Probe", "a", ProbeReply).failed is None
        said = pack.controller.dagster("ListRepositories", "a", server="probe")
        assert listed(said).is_error
        assert b"nowhere_to_be_found" in said
        pack.one("Probe", "a", ProbeReply)  # once more, in place of the one before
        assert len(pack.children()) == 1
    assert not pack.children()


def test_code_that_ends_its_server_is_told(code: Write) -> None:
    with packed(location("a", code("ends", "import os; print('for good', flush=True); os._exit(7)"))) as pack:
        failed = pack.one("Probe", "a", ProbeReply).failed
        assert failed is not None
        assert "status 7" in failed
        assert "for good" in failed
        assert pack.children() == []
        assert pack.of("a").phase == "asleep"  # it says nothing of what serves


def test_a_location_that_is_not_here_has_no_probe(code: Write) -> None:
    with packed(location("a", code())) as pack:
        with pytest.raises(grpc.RpcError) as refused:
            pack.one("Probe", "elsewhere", ProbeReply)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert pack.one("EndProbe", "elsewhere", Nothing) == Nothing()
