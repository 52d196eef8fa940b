"""A pack host starts, is told to end, and says what it cannot use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from pack_process import Pack, location, packed

from deadlines import scaled, until
from reef.peers.messages import NOT_SENT_KEY, PackState
from reef.wire.messages import reply_text

Write = Callable[..., Path]


def test_at_sigterm_calls_end_and_nothing_is_left(code: Write, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held.ipynb")
    with packed(location("a", code("file_a")), location("b", code("file_b"))) as pack:
        pack.gateway.code_of("a")
        under_way = pack.gateway.read("a", tmp_path / "held.ipynb")
        until(lambda: pack.of("a").in_flight, 30, "for the call")
        pack.process.terminate()
        until(lambda: pack.http("/readyz") == 503, 30, "for the end of its readiness")
        with pytest.raises(grpc.RpcError) as refused:
            pack.gateway.code_of("b")
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert (NOT_SENT_KEY, "1") in refused.value.trailing_metadata()
        (tmp_path / "held.ipynb").write_bytes(b"the end")
        assert reply_text(under_way.result(scaled(30))) == b"the end"
        assert pack.process.wait(scaled(60)) == 0
        assert pack.children() == []


def test_a_call_that_does_not_end_is_waited_for_no_longer_than_the_grace(code: Write, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held.ipynb")
    with packed(location("a", code()), grace_s=0.5) as pack:
        under_way = pack.gateway.read("a", tmp_path / "held.ipynb")
        until(lambda: pack.of("a").in_flight, 60, "for the call")
        assert pack.terminate() == 0
        assert isinstance(under_way.exception(scaled(30)), grpc.RpcError)
        assert pack.children() == []


def test_it_is_ready_once_it_has_a_configuration(code: Write, tmp_path: Path) -> None:
    pack = Pack(tmp_path)
    pack.config.unlink()
    pack.start(ready=False)
    try:
        until(lambda: pack.http("/livez") == 200, 60, "for the pack host")
        until(lambda: pack.http("/readyz") == 503, 10, "for what is missing")
        until(lambda: outcome_of_state(pack) == -1, 30, "for its port")
        pack.use(location("a", code()))
        assert pack.http("/readyz") == 200
    finally:
        pack.close()


def outcome_of_state(pack: Pack) -> int | None:
    try:
        return pack.state().generation
    except grpc.RpcError:
        return None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("config", "is no configuration of a pack"), ("tls.crt", "must be a certificate in PEM")],
)
def test_what_it_cannot_use_is_told(tmp_path: Path, wrong: str, said: str) -> None:
    pack = Pack(tmp_path, in_pod=True)
    broken = pack.config if wrong == "config" else pack.tls["pack"] / wrong
    broken.write_text("{")
    pack.start(ready=False)
    assert pack.process.wait(scaled(60)) == 2
    text = pack.log.read_text()
    assert said in text
    assert str(broken) in text
    assert "Traceback" not in text


def test_the_state_says_which_containers_there_are(code: Write) -> None:
    with packed(location("a", code(), container="c1"), location("b", code(), container="c2")) as pack:
        state: PackState = pack.state()
        assert [(one.name, one.connected) for one in state.containers] == [("c1", True), ("c2", True)]
