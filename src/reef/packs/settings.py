"""What the command line tells a pack host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reef.kube import labels


@dataclass(frozen=True)
class PackSettings:
    """`host` "" stands for every address of the pod. Port 0: one that is free."""

    state: Path
    config: Path = Path(labels.PACK_CONFIG)
    tls: Path = Path(labels.TLS_FOLDER)
    run: Path = Path(labels.PACK_FOLDER)
    host: str = ""
    peer_port: int = labels.PEER_PORT
    health_port: int = labels.HEALTH_PORT
    grace_s: float = 25.0
