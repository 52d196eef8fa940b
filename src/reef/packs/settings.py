"""What the command line tells a pack host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reef.kube import labels


@dataclass(frozen=True)
class PackSettings:
    """`host` "" stands for every address of the pod. `grace_s` is how long calls may go on once it was told to end."""

    state: Path
    config: Path = Path(labels.PACK_CONFIG)
    tls: Path = Path(labels.TLS_FOLDER)
    run: Path = Path(labels.PACK_FOLDER)
    host: str = ""
    peer_port: int = labels.PEER_PORT
    health_port: int = labels.HEALTH_PORT
    grace_s: float = 25.0
