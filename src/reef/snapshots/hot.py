"""The answers that were asked for last, in memory; bounded by bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable


class HotReplies:
    """Least recently used first out. A reply larger than a quarter of the bound is never kept. Thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._replies: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> bytes | None:
        with self._lock:
            reply = self._replies.get(key)
            if reply is not None:
                self._replies.move_to_end(key)
            return reply

    def put(self, key: Hashable, reply: bytes) -> None:
        if len(reply) > self._max_bytes // 4:
            return
        with self._lock:
            self._bytes += len(reply) - len(self._replies.pop(key, b""))
            self._replies[key] = reply
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._replies.popitem(last=False)[1])

    def clear(self) -> None:
        with self._lock:
            self._replies.clear()
            self._bytes = 0
