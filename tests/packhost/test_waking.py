"""Calls at the peer port of a pack host: over TLS, to real servers, started when they are needed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from pack_process import GOOD, Pack, location, packed

from deadlines import scaled, until
from reef.peers.messages import NOT_SENT_KEY
from reef.wire.messages import (
    chunk_of,
    current_runs_of,
    ping_reply,
    reply_text,
    repository_request,
    server_id_of,
    text_reply,
)

Write = Callable[..., Path]

WAITS = "import os\nopen(os.environ['FIFO']).read()\n" + GOOD


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    folder = tmp_path_factory.mktemp("code")
    places = []
    for name in ("a", "b", "never"):
        path = folder / f"file_{name}.py"
        path.write_text(GOOD)
        places.append(location(name, path))
    os.mkfifo(folder / "fifo")
    (folder / "slow.py").write_text(WAITS)
    places.append(location("slow", folder / "slow.py", env={"FIFO": str(folder / "fifo")}))
    with packed(*places) as made:
        yield made


def test_a_call_wakes_its_location_and_no_other(pack: Pack) -> None:
    assert pack.of("never").phase == "asleep"
    assert "file_a.py" in pack.gateway.code_of("a")
    assert "file_b.py" in pack.controller.code_of("b")
    assert (pack.of("a").phase, pack.of("b").phase, pack.of("never").phase) == ("warm", "warm", "asleep")
    until(lambda: pack.of("a").private_bytes > 1 << 20, 30, "for its memory")
    assert pack.of("a").pss_bytes > pack.of("never").pss_bytes == 0
    assert (pack.of("a").cold_start_s or 0) > 0
    assert pack.of("a").version == "v1"


def test_a_call_is_held_while_its_location_wakes_and_no_longer_than_it_says(
    pack: Pack, tmp_path: Path
) -> None:
    patient = pack.gateway.later("ListRepositories", "slow")
    began = time.monotonic()
    with pytest.raises(grpc.RpcError) as late:
        pack.gateway.dagster("ListRepositories", "slow", timeout_s=1.0)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began < scaled(5.0)
    assert pack.of("slow").phase == "waking"
    fifo = next(one.env["FIFO"] for one in pack.locations if one.name == "slow")
    Path(fifo).write_text("go on")
    assert "slow.py" in reply_text(patient.result(scaled(60))).decode()


def test_a_stream_is_passed_on(pack: Pack) -> None:
    request = repository_request("__repository__", deferred=False)
    whole = reply_text(pack.gateway.dagster("ExternalRepository", "a", request))
    events = pack.gateway.stream("StreamingExternalRepository", "a", request)
    assert b"".join(map(chunk_of, events)) == whole


def test_what_code_says_is_passed_on_as_it_is(pack: Pack) -> None:
    request = repository_request("no_such_repository", deferred=False)
    assert b"no_such_repository" in pack.gateway.dagster("ExternalRepository", "a", request)


def test_what_needs_no_server_starts_none(pack: Pack) -> None:
    request = text_reply("hello")
    assert pack.gateway.dagster("Ping", "never", request) == ping_reply(request)
    assert server_id_of(pack.gateway.dagster("GetServerId", "never")).startswith("reef-")
    assert current_runs_of(pack.gateway.dagster("GetCurrentRuns", "never")) == ()
    assert pack.of("never").phase == "asleep"


def test_a_call_of_no_location_that_is_here_is_refused(pack: Pack) -> None:
    for name in ("elsewhere", ""):
        with pytest.raises(grpc.RpcError) as refused:
            pack.gateway.dagster("ListRepositories", name)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert (NOT_SENT_KEY, "1") in refused.value.trailing_metadata()


def test_health(pack: Pack) -> None:
    assert (pack.http("/livez"), pack.http("/readyz"), pack.http("/else")) == (200, 200, 404)


def test_a_location_that_does_not_load_says_why_and_hurts_itself_alone(code: Write) -> None:
    broken = location("broken", code("broken", "import nowhere_to_be_found"))
    with packed(broken, location("a", code())) as pack:
        with pytest.raises(grpc.RpcError) as failed:
            pack.gateway.code_of("broken")
        assert failed.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "nowhere_to_be_found" in failed.value.details()
        assert pack.of("broken").phase == "failed"
        assert "nowhere_to_be_found" in (pack.of("broken").last_error or "")
        assert "good.py" in pack.gateway.code_of("a")
