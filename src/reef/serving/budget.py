"""The most memory of all children together, as the fleet's file says now."""

from __future__ import annotations


class Budget:
    """`bytes` None: no bound."""

    def __init__(self, bytes_: int | None) -> None:
        self.bytes = bytes_

    def use(self, bytes_: int | None) -> None:
        self.bytes = bytes_
