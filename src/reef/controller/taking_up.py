"""What gateways still show of locations that the database knows nothing of: it was lost, and is filled again."""

from __future__ import annotations

import logging

from reef.background import Background
from reef.controller.book import Book
from reef.controller.library import Library
from reef.controller.peering import GatewayPeer, PeerUnreachable
from reef.peers.messages import GatewayState, Shown
from reef.words import describe

log = logging.getLogger("reef.controller")


class TakesUp:
    """A location that is taken up is tried again, as nothing else is known of its version; meanwhile it is shown on."""

    def __init__(self, library: Library, background: Background) -> None:
        self._library = library
        self._background = background

    def hear(self, state: GatewayState, peer: GatewayPeer) -> None:
        """Before that gateway is told anything."""
        for name, shown in state.shown.items():
            before = self._library.shown.get(name)
            if before is None or before.generation < shown.generation:
                self._background.spawn(self._take_up(name, shown, peer))

    async def _take_up(self, name: str, shown: Shown, peer: GatewayPeer) -> None:
        try:
            if (digest := shown.served.snapshot) is not None:
                content = await peer.snapshot(digest)
                if content is None:
                    return
                await self._library.put(digest, content)
            log.warning("%s was not written down; a gateway shows generation %d", name, shown.generation)
            book = Book(name=name, generation=shown.generation, shown=shown.served)
            await self._library.adopt(name, book)
        except (PeerUnreachable, OSError, ValueError) as error:
            log.warning("%s was not taken up from a gateway: %s", name, describe(error))
