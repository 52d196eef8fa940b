"""What a gateway does where a client wants code to be loaded again: nothing. A new image is a new version, and the
controller sees that by itself."""

from __future__ import annotations

from reef.gateway import Board


class NoReloads:
    """Implements `gateway.contract.Reloads`."""

    def __init__(self, board: Board) -> None:
        self._board = board

    async def reload(self, name: str) -> None:
        """Nothing changed: `reloadWorkspace` asks this of every location, one after the other."""

    async def reprobe(self, name: str) -> str:
        """The server id that is shown."""
        served = self._board.served(name)
        return served.server_id if served else ""
