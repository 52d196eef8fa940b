"""A client that asks for the server id as fast as it is answered, on a new connection each time, as Dagster does."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import grpc

from reef.wire.lanes import path_of
from reef.wire.messages import EMPTY, server_id_of

LONGEST_S = 2.0  # a poll of Dagster waits no longer


class Polling:
    """Within its block. `ids` are the answers in their order, `failed` what did not answer in time."""

    def __init__(self, target: str, pause_s: float = 0.02) -> None:
        self._target = target
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self.ids: list[str] = []
        self.failed: list[str] = []
        self.slowest_s = 0.0

    def __enter__(self) -> Polling:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def went_back(self) -> list[str]:
        """Ids that came again after another one had been answered."""
        seen: list[str] = []
        again = []
        for each in self.ids:
            if seen and each != seen[-1] and each in seen:
                again.append(each)
            if not seen or each != seen[-1]:
                seen.append(each)
        return again

    def _poll(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                with grpc.insecure_channel(self._target) as channel:
                    call = channel.unary_unary(path_of("GetServerId"), None, None)
                    self.ids.append(server_id_of(call(EMPTY, timeout=LONGEST_S)))
            except grpc.RpcError as error:
                self.failed.append(f"{error.code().name}: {error.details()}")  # type: ignore[attr-defined]
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self._stop.wait(self._pause_s)
