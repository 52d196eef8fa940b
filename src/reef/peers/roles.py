"""Who a peer is: its certificate names its role, as a DNS name that nobody resolves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reef.peers.messages import Role

_DOMAIN = "reef.internal"


def name_of(role: Role) -> str:
    """The name in the certificates of a role, and what a client expects of the server that it calls."""
    return f"{role}.{_DOMAIN}"


def role_of(auth: Mapping[str, Sequence[bytes]]) -> str | None:
    """The role in a caller's certificate, as gRPC's `auth_context()` has it; None without a certificate of ours."""
    for name in auth.get("x509_subject_alternative_name", ()):
        role, dot, domain = name.decode(errors="replace").partition(".")
        if dot and domain == _DOMAIN:
            return role
    return None


def caller(context: Any) -> str | None:
    """The role of who makes this call."""
    return role_of(context.auth_context())
