"""Real gRPC over mutual TLS: who gets in, and that nobody notices a rotation."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import grpc
import grpc.aio
import pytest
from mutual import given, said, said_by, serving, write

from deadlines import scaled
from reef.trust.authority import issue, make_authority, trusted
from reef.trust.credentials import SecureChannels, channel, client_credentials

NOW = time.time()
CA = make_authority(NOW)


async def refused(call: object) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call  # type: ignore[misc]
    return raised.value


def test_the_right_role_is_answered_and_others_are_not(tmp_path: Path) -> None:
    controller, pack = given(tmp_path, CA, "controller", NOW), given(tmp_path, CA, "pack", NOW)
    given(tmp_path, CA, "gateway", NOW)

    async def main() -> None:
        async with serving(tmp_path) as target:
            assert await said_by(target, controller) == "hello"
            error = await refused(said_by(target, pack))
            assert error.code() is grpc.StatusCode.PERMISSION_DENIED
            assert error.details() == "a pack may not call Hello"

    asyncio.run(main())


def test_who_has_no_certificate_or_a_foreign_one_gets_nothing(tmp_path: Path) -> None:
    given(tmp_path, CA, "gateway", NOW)
    foreign = make_authority(NOW)
    stranger = write(tmp_path / "stranger", issue(foreign, "controller", NOW), trusted((CA, foreign)))
    old = write(tmp_path / "old", issue(CA, "controller", NOW - 40 * 86400), trusted((CA,)))
    name = [("grpc.ssl_target_name_override", "gateway.reef.internal")]

    async def main() -> None:
        async with serving(tmp_path) as target:
            for folder in (stranger, old):
                assert (await refused(said_by(target, folder))).code() is grpc.StatusCode.UNAVAILABLE
            nobody = grpc.ssl_channel_credentials(trusted((CA,)))
            async with grpc.aio.secure_channel(target, nobody, options=name) as opened:
                assert (await refused(said(opened))).code() is grpc.StatusCode.UNAVAILABLE
            async with grpc.aio.insecure_channel(target) as opened:
                assert (await refused(said(opened))).code() is grpc.StatusCode.UNAVAILABLE

    asyncio.run(main())


def test_a_caller_believes_neither_another_role_nor_a_foreign_server(tmp_path: Path) -> None:
    controller = given(tmp_path, CA, "controller", NOW)
    given(tmp_path, CA, "pack", NOW)
    foreign = make_authority(NOW)
    write(tmp_path / "gateway", issue(foreign, "gateway", NOW), trusted((CA, foreign)))

    async def main() -> None:
        async with serving(tmp_path, "pack") as target:
            assert await said_by(target, controller, "pack") == "hello"
            assert (
                await refused(said_by(target, controller, "gateway"))
            ).code() is grpc.StatusCode.UNAVAILABLE
        async with serving(tmp_path, "gateway") as target:
            assert (await refused(said_by(target, controller))).code() is grpc.StatusCode.UNAVAILABLE

    asyncio.run(main())


def test_a_rotation_of_authority_and_certificates_fails_no_call(tmp_path: Path) -> None:
    """Callers on one channel, on a new channel each time, and through `Channels`, while one file after another
    changes as the controller changes them."""
    coming = make_authority(NOW)
    controller, _ = given(tmp_path, CA, "controller", NOW), given(tmp_path, CA, "gateway", NOW)
    calls = dict.fromkeys(("kept", "new", "channels"), 0)

    async def kept(target: str, over: asyncio.Event) -> None:
        async with channel(target, "gateway", controller) as opened:
            while not over.is_set():
                assert await said(opened) == "hello"
                calls["kept"] += 1

    async def new(target: str, over: asyncio.Event) -> None:
        while not over.is_set():
            assert await said_by(target, controller) == "hello"
            calls["new"] += 1

    async def through(channels: SecureChannels, target: str, over: asyncio.Event) -> None:
        while not over.is_set():
            assert await said(channels.to(target, "gateway")) == "hello"
            calls["channels"] += 1

    async def more() -> None:
        wanted = {name: count + 5 for name, count in calls.items()}
        async with asyncio.timeout(scaled(60)):
            while any(calls[name] < count for name, count in wanted.items()):
                await asyncio.sleep(0.01)

    async def main() -> None:
        over = asyncio.Event()
        channels = SecureChannels(controller)
        async with serving(tmp_path) as target, asyncio.TaskGroup() as group:
            first = channels.to(target, "gateway")
            for each in (kept(target, over), new(target, over), through(channels, target, over)):
                group.create_task(each)
            await more()
            for signing, roles in ((CA, both), (coming, ("controller", "gateway")), (coming, ("gateway",))):
                for role in roles:
                    given(tmp_path, signing, role, NOW, *({CA, coming} - {signing}))
                    await more()
            for role in both:  # the old authority goes
                given(tmp_path, coming, role, NOW)
                await more()
            assert channels.to(target, "gateway") is not first
            over.set()
        await channels.close()

    both = ("gateway", "controller")
    asyncio.run(main())


def test_after_a_rotation_the_old_authority_is_foreign(tmp_path: Path) -> None:
    """Without a restart of the server, whose first handshake was with the old files."""
    coming = make_authority(NOW)
    given(tmp_path, CA, "gateway", NOW)
    before = given(tmp_path, CA, "controller", NOW)

    async def main() -> None:
        async with serving(tmp_path) as target:
            assert await said_by(target, before) == "hello"
            given(tmp_path, coming, "gateway", NOW)
            old = write(tmp_path / "old", issue(CA, "controller", NOW), trusted((CA, coming)))
            assert (await refused(said_by(target, old))).code() is grpc.StatusCode.UNAVAILABLE
            assert await said_by(target, given(tmp_path, coming, "controller", NOW)) == "hello"

    asyncio.run(main())


def test_credentials_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"tls\.crt cannot be read"):
        client_credentials(tmp_path)


def test_channels_are_kept_until_they_are_forgotten(tmp_path: Path) -> None:
    controller = given(tmp_path, CA, "controller", NOW)
    given(tmp_path, CA, "gateway", NOW)

    async def main() -> None:
        channels = SecureChannels(controller)
        async with serving(tmp_path) as target:
            first = channels.to(target, "gateway")
            assert channels.to(target, "gateway") is first
            assert await said(first) == "hello"
            channels.forget(target)
            assert await said(channels.to(target, "gateway")) == "hello"
            assert channels.to(target, "gateway") is not first
        await channels.close()

    asyncio.run(main())
