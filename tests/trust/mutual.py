"""Real gRPC servers and callers with certificates in folders, as Secrets mount them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
from msgspec import Struct

from deadlines import scaled
from reef.peers.messages import Nothing, Role
from reef.peers.rpc import Method, Service, ask
from reef.trust.authority import Pair, issue, trusted
from reef.trust.credentials import channel, server_credentials

NAME = "test.Service"


class Answer(Struct, frozen=True):
    text: str


def write(folder: Path, pair: Pair, authorities: bytes) -> Path:
    """As kubelet does it: all three files change in one step."""
    folder.mkdir(exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder, prefix="..20"))
    for name, content in {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": authorities}.items():
        (new / name).write_bytes(content)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..new").symlink_to(new.name)
    os.replace(folder / "..new", folder / "..data")
    return folder


def given(folder: Path, authority: Pair, role: Role, now: float, *others: Pair) -> Path:
    """A folder with a certificate of this role that `authority` issued; `others` are trusted too."""
    return write(folder / role, issue(authority, role, now), trusted((authority, *others)))


@asynccontextmanager
async def serving(
    folder: Path, role: Role = "gateway", allowed: tuple[Role, ...] = ("controller",)
) -> AsyncIterator[str]:
    """The address of a server with the certificate of `role`."""

    async def hello(request: Nothing) -> Answer:
        return Answer("hello")

    server = grpc.aio.server()
    server.add_generic_rpc_handlers([Service(NAME, [Method("Hello", Nothing, hello)], allowed)])
    port = server.add_secure_port("127.0.0.1:0", server_credentials(folder / role))
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def said(to: grpc.aio.Channel) -> str:
    """Raises grpc.aio.AioRpcError."""
    return (await ask(to, NAME, "Hello", Nothing(), Answer, scaled(10))).text


async def said_by(target: str, folder: Path, role: Role = "gateway") -> str:
    async with channel(target, role, folder) as opened:
        return await said(opened)
