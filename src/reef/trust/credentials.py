"""Credentials of gRPC from the files of a process, both ends with a certificate."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from reef.background import Background
from reef.peers.messages import Role
from reef.peers.roles import name_of
from reef.trust.files import Identity, IdentityFiles, read_identity

log = logging.getLogger("reef.trust")

Options = Sequence[tuple[str, Any]]


def server_credentials(folder: Path) -> grpc.ServerCredentials:
    """Every caller must have a certificate. Replaced files count from the next connection on; who is connected stays.

    Raises ReefError where the files cannot be used.
    """
    files = IdentityFiles(folder)
    used = files.current()

    def newer() -> Any:
        """Called by gRPC in a thread of its own, at each handshake."""
        nonlocal used
        found = files.current()
        if found is used:
            return None
        used = found
        return _of_server(found)

    return grpc.dynamic_ssl_server_credentials(_of_server(used), newer, require_client_authentication=True)


def _of_server(identity: Identity) -> Any:
    pairs = [(identity.key, identity.certificate)]
    return grpc.ssl_server_certificate_configuration(pairs, root_certificates=identity.authorities)


def client_credentials(folder: Path) -> grpc.ChannelCredentials:
    """Of the files as they are now. Raises ReefError where they cannot be used."""
    return _of_client(read_identity(folder))


def channel(target: str, role: Role, folder: Path, options: Options = ()) -> grpc.aio.Channel:
    """To a peer that must be of this role, wherever it is. It keeps the files of this moment, also when it connects
    again: whoever keeps channels keeps them in `SecureChannels`. Raises ReefError."""
    return _channel(target, role, client_credentials(folder), options)


def _of_client(identity: Identity) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(identity.authorities, identity.key, identity.certificate)


def _channel(
    target: str, role: Role, credentials: grpc.ChannelCredentials, options: Options
) -> grpc.aio.Channel:
    named = ("grpc.ssl_target_name_override", name_of(role))
    return grpc.aio.secure_channel(target, credentials, options=[named, *options])


class SecureChannels:
    """One channel for each peer, made anew after the files were replaced. Belongs to one event loop.

    Channels that were given out go on until their calls are over: `close_s` after a rotation they are closed.
    """

    def __init__(self, folder: Path, options: Options = (), close_s: float = 3600.0) -> None:
        """Raises ReefError where the files cannot be used."""
        self._files = IdentityFiles(folder)
        self._options = options
        self._close_s = close_s
        self._identity = self._files.current()
        self._channels: dict[tuple[str, Role], grpc.aio.Channel] = {}
        self._old = set[grpc.aio.Channel]()
        self._closing = Background(log, "closing a channel to a peer", level=logging.WARNING)

    def to(self, target: str, role: Role) -> grpc.aio.Channel:
        """Ask for each call: the channel of the call before may be one of the old files."""
        self._renew()
        found = self._channels.get((target, role))
        if found is None:
            found = _channel(target, role, _of_client(self._identity), self._options)
            self._channels[target, role] = found
        return found

    def forget(self, target: str) -> None:
        """This peer is gone: calls to it may end until the channel is closed."""
        for key in [key for key in self._channels if key[0] == target]:
            old = self._channels.pop(key)
            self._old.add(old)
            self._closing.spawn(self._let_go(old))

    async def _let_go(self, old: grpc.aio.Channel) -> None:
        await old.close(self._close_s)
        self._old.discard(old)

    def _renew(self) -> None:
        identity = self._files.current()
        if identity is not self._identity:
            self._identity = identity
            for target, _ in list(self._channels):
                self.forget(target)

    async def close(self) -> None:
        """Calls under way end now."""
        await self._closing.close()
        for each in (*self._channels.values(), *self._old):
            await each.close(None)
        self._channels.clear()
        self._old.clear()
