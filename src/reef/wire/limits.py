"""How large a message may be: the settings that Dagster's own clients and servers read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_MESSAGE_BYTES = 100_000_000


@dataclass(frozen=True)
class MessageLimits:
    """Bytes of one message, uncompressed."""

    receive: int = DEFAULT_MESSAGE_BYTES
    send: int = DEFAULT_MESSAGE_BYTES


def message_limits(environ: Mapping[str, str] | None = None) -> MessageLimits:
    """DAGSTER_GRPC_MAX_RX_BYTES and DAGSTER_GRPC_MAX_SEND_BYTES; raises ValueError for what is no number."""
    env = os.environ if environ is None else environ
    return MessageLimits(
        receive=int(env.get("DAGSTER_GRPC_MAX_RX_BYTES") or DEFAULT_MESSAGE_BYTES),
        send=int(env.get("DAGSTER_GRPC_MAX_SEND_BYTES") or DEFAULT_MESSAGE_BYTES),
    )
