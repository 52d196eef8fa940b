"""A gateway as a process of its own, over a FAKE cluster of files: `one_gateway.py HOST STATE TLS CLUSTER LINGER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from memory_cluster import FolderCluster

from reef.gateways.run import serve_until_told
from reef.gateways.settings import GatewaySettings

if __name__ == "__main__":
    host, state, tls, cluster, linger = sys.argv[1:]
    settings = GatewaySettings(Path(state), Path(tls), host, linger_s=float(linger), grace_s=10.0)
    asyncio.run(serve_until_told(settings, FolderCluster(Path(cluster))))
