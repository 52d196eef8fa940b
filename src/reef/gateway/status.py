"""How a call ends when it does not end well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc
import grpc.aio

from reef.peers.messages import LOCATION_KEY, NOT_SENT_KEY, SERVER_KEY

Metadata = tuple[tuple[str, str | bytes], ...]

# Belong to one connection, not to the call; gRPC itself sets them anew on the next. Which location a call is for, a
# caller does not say: its listener does. That nothing was sent, a pack's host says, and no server.
_HOP = frozenset(
    (
        *("user-agent", "content-type", "te", "host", "accept-encoding"),
        *(LOCATION_KEY, SERVER_KEY, NOT_SENT_KEY),
    )
)


class Ended(Exception):
    """The call ends with this status; what the code server said is passed on as it is."""

    def __init__(self, code: grpc.StatusCode, details: str, trailing: Metadata = ()) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.trailing = trailing

    @classmethod
    def of(cls, error: grpc.aio.AioRpcError) -> Ended:
        return cls(error.code(), error.details() or "", passed_on(error.trailing_metadata()))


def passed_on(metadata: Iterable[Any] | None) -> Metadata:
    """Metadata without the headers of one hop."""
    if not metadata:
        return ()
    return tuple((key, value) for key, value in metadata if not _is_hop(key))


def _is_hop(key: str) -> bool:
    if key in _HOP or key.startswith(":"):
        return True
    return key.startswith("grpc-") and key != "grpc-status-details-bin"


def code_named(name: str) -> grpc.StatusCode:
    """The status of that name; UNAVAILABLE for one that gRPC does not know."""
    return getattr(grpc.StatusCode, name, grpc.StatusCode.UNAVAILABLE)
