"""What a command line asks of one gateway."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reef.kube.labels import HEALTH_PORT, PEER_PORT, TLS_FOLDER

SNAPSHOT_BYTES = 4 << 30


@dataclass(frozen=True)
class GatewaySettings:
    """`host` "" is every address. `linger_s`: how long it takes calls after it has said that it is not ready, so that
    everybody learns of it; `grace_s`: how long calls may then take to end."""

    state: Path
    tls: Path = Path(TLS_FOLDER)
    host: str = ""
    peer_port: int = PEER_PORT
    health_port: int = HEALTH_PORT
    linger_s: float = 5.0
    grace_s: float = 30.0
    snapshot_bytes: int = SNAPSHOT_BYTES
