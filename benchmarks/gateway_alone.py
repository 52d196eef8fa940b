"""The gateway with N listeners and no locations behind them: `python gateway_alone.py FOLDER N`.

For what the gateway itself costs, at more locations than are worth loading. Prints a line when it listens.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import cast

from reef.gateway import Board, Gateway, ListenAddress
from reef.gateway.contract import Reloads, Served, Servers
from reef.snapshots import SnapshotStore


async def run(folder: Path, count: int) -> None:
    """Serve until SIGTERM; no call but polls is expected, so nobody is there to wake anything."""
    board = Board(SnapshotStore(folder / "snapshots", 1 << 20))
    gateway = Gateway(board, cast(Servers, None), cast(Reloads, None), lambda _event: None)
    for number in range(count):
        name = f"loc_{number:04}"
        await gateway.open(name, ListenAddress(socket=str(folder / f"{name}.sock")))
        board.serve(name, Served(server_id=f"id-of-{name}", snapshot=None))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("listening", flush=True)
    await stop.wait()
    await gateway.aclose(0.5)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
