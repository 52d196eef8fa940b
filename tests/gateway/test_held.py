"""Reloads: held until the new code is promoted or refused; and calls after which a location is probed again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from code_servers import CodeServer
from dagster._grpc.__generated__ import dagster_api_pb2 as pb
from dagster._serdes import deserialize_value
from dagster._utils.error import SerializableErrorInfo
from fronting import LOCATION, FakeControl, endpoint, fake_server, fronted, until

from deadlines import scaled
from reef.wire import messages


def test_a_reload_is_held_until_control_is_done(tmp_path: Path) -> None:
    async def main() -> None:
        control = FakeControl(reload_until=asyncio.Event())
        async with fronted(tmp_path, control) as front:
            reload = asyncio.create_task(front.ask(lambda client: client.reload_code(timeout=scaled(30))))
            await until(lambda: "held" in front.lanes("ReloadCode"))
            assert not reload.done()
            assert control.reload_until is not None
            control.reload_until.set()
            assert (await reload).serialized_error == ""
            assert control.reloads == 1
            assert control.wakes == 0

    asyncio.run(main())


def test_a_reload_goes_on_when_its_caller_has_gone(tmp_path: Path) -> None:
    """Ending it half-way would leave a probe without anybody to judge it."""

    async def main() -> None:
        control = FakeControl(reload_until=asyncio.Event())
        async with fronted(tmp_path, control) as front:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await front.raw("ReloadCode", timeout_s=scaled(0.3))
            assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert control.reload_until is not None
            control.reload_until.set()
            await until(lambda: control.reloads == 1)

    asyncio.run(main())


def test_an_external_server_is_reloaded_itself(tmp_path: Path) -> None:
    """`dagster code-server start` reloads when it is told."""
    asked: list[bytes] = []

    async def reloads(request: bytes, _context: Any) -> bytes:
        asked.append(request)
        return pb.ReloadCodeReply(serialized_error="").SerializeToString()

    async def main() -> None:
        async with fake_server(tmp_path, reloads) as target:
            control = FakeControl(now=endpoint(target, kind="external"))
            async with fronted(tmp_path, control) as front:
                await front.ask(lambda client: client.reload_code(timeout=scaled(30)))
            assert (len(asked), control.reloads) == (1, 1)

    asyncio.run(main())


def test_a_refresh_that_fails_is_told_and_not_probed(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        control = FakeControl(now=endpoint(small.target))
        async with fronted(tmp_path, control) as front:
            reply = await front.ask(lambda client: client.refresh_component_state(["no-such-key"]))
            assert deserialize_value(reply.serialized_error, SerializableErrorInfo)
            assert front.lanes("RefreshComponentState") == {"forwarded"}
        assert control.reprobes == 0

    asyncio.run(main())


async def refreshed(_request: bytes, _context: Any) -> bytes:
    return pb.RefreshComponentStateReply(serialized_defs_state_info="{}").SerializeToString()


def test_a_refresh_is_probed_again_and_its_reply_untouched(tmp_path: Path) -> None:
    async def main() -> None:
        async with fake_server(tmp_path, refreshed) as target:
            control = FakeControl(now=endpoint(target))
            async with fronted(tmp_path, control) as front:
                reply = await front.ask(lambda client: client.refresh_component_state(["k"]))
                assert reply.serialized_defs_state_info == "{}"
                control.reprobed = RuntimeError("the probe failed")
                reply = await front.ask(lambda client: client.refresh_component_state(["k"]))
                assert reply.serialized_defs_state_info == "{}", "user code has done its work"
            assert control.reprobes == 2

    asyncio.run(main())


def test_a_reload_with_state_names_the_server_id_that_is_served(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        control = FakeControl(now=endpoint(small.target), reprobed="reef-9")
        async with fronted(tmp_path, control) as front:
            front.serve(None, "reef-1")
            reply = await front.ask(lambda client: client.reload_code_with_state(""))
            assert (reply.serialized_server_id, reply.serialized_error) == ("reef-9", "")
            control.reprobed = RuntimeError("the probe failed")
            reply = await front.ask(lambda client: client.reload_code_with_state(""))
            assert reply.serialized_server_id == "reef-1"

    asyncio.run(main())


def test_a_reload_with_state_that_fails_is_told(tmp_path: Path) -> None:
    async def fails(_request: bytes, _context: Any) -> bytes:
        return pb.ReloadCodeWithStateReply(serialized_error="{}").SerializeToString()

    async def main() -> None:
        async with fake_server(tmp_path, fails) as target:
            control = FakeControl(now=endpoint(target))
            async with fronted(tmp_path, control) as front:
                assert messages.reply_error(await front.raw("ReloadCodeWithState")) == b"{}"
                assert control.reprobes == 0
                assert front.board.in_flight(LOCATION) == 0

    asyncio.run(main())
