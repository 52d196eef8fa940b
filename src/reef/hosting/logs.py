"""Log files bounded in size. Children append to them directly, so a file is copied, then cut to nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator

KEEP_BYTES = 10 << 20
KEPT_FILES = 2
SLOW_S = 1.0
FAST_S = 0.1


def rotate(path: str, size: int, keep_bytes: int = KEEP_BYTES) -> None:
    """`path` becomes `path.1`, of which the last `keep_bytes` are kept; `path.1` becomes `path.2`."""
    for number in range(KEPT_FILES, 1, -1):
        if os.path.exists(f"{path}.{number - 1}"):
            os.replace(f"{path}.{number - 1}", f"{path}.{number}")
    with open(path, "r+b") as file, open(f"{path}.1", "wb") as copy:
        file.seek(max(0, size - keep_bytes))
        left = min(size, keep_bytes)
        while left > 0 and (part := file.read(min(left, 1 << 20))):
            copy.write(part)
            left -= len(part)
        file.truncate(0)


class Logs:
    """Watches the log files of living children; polls faster while one of them grows fast."""

    def __init__(self, keep_bytes: int = KEEP_BYTES) -> None:
        self._keep_bytes = keep_bytes
        self._users: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._starting = 0
        self._hurry = asyncio.Event()

    @contextlib.contextmanager
    def while_starting(self, path: str) -> Iterator[None]:
        """A location that loads may print a gigabyte in a second: look often."""
        self._starting += 1
        self._hurry.set()
        self.watch(path)
        try:
            yield
        finally:
            self._starting -= 1
            self.unwatch(path)

    def watch(self, path: str) -> None:
        self._users[path] = self._users.get(path, 0) + 1

    def unwatch(self, path: str) -> None:
        left = self._users.get(path, 0) - 1
        if left > 0:
            self._users[path] = left
        else:
            self._users.pop(path, None)
            self._sizes.pop(path, None)

    async def run(self) -> None:
        pause_s = SLOW_S
        while True:
            self._hurry.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAST_S if self._starting else pause_s):
                    await self._hurry.wait()
                await asyncio.sleep(FAST_S)
            pause_s = await self.look()

    async def look(self) -> float:
        """Rotate what is too large; seconds until the next look."""
        if not self._users:
            return SLOW_S
        return await asyncio.to_thread(self._look, tuple(self._users))

    def _look(self, paths: tuple[str, ...]) -> float:
        fast = False
        for path in paths:
            try:
                size = os.stat(path).st_size
                if size > self._keep_bytes:
                    rotate(path, size, self._keep_bytes)
            except OSError:
                continue  # removed, or the disk is full: then the next look tries again
            fast = fast or size - self._sizes.get(path, size) > self._keep_bytes // 4
            fast = fast or size > self._keep_bytes
            self._sizes[path] = 0 if size > self._keep_bytes else size
        return FAST_S if fast else SLOW_S
