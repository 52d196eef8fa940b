"""What the agent waits for: descriptors, and what is done when one of them is ready."""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

READ, WRITE, NOTHING = select.POLLIN, select.POLLOUT, 0


class Poller:
    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[], None]] = {}
        self._poll = select.poll()

    def on(self, fd: int, handler: Callable[[], None], events: int = READ) -> None:
        self._handlers[fd] = handler
        self._poll.register(fd, events)

    def change(self, fd: int, events: int) -> None:
        self._poll.modify(fd, events)

    def off(self, fd: int) -> None:
        if self._handlers.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def __contains__(self, fd: int) -> bool:
        return fd in self._handlers

    def wait(self, most_s: float | None) -> None:
        """Until something is ready, which is dealt with then, or for `most_s` seconds."""
        for fd, _event in self._poll.poll(None if most_s is None else max(0, int(most_s * 1000))):
            handler = self._handlers.get(fd)
            if handler is not None:
                handler()


def is_readable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, READ)
    return bool(poll.poll(0))
