"""What is answered for one location without asking anybody, made ready once when it changes."""

from __future__ import annotations

from dataclasses import dataclass

from reef.gateway.contract import Served
from reef.wire import messages, serdes


@dataclass(frozen=True)
class Answers:
    """Switched as one, so that a call never meets the snapshot of one version with the id of another."""

    served: Served
    server_id: bytes  # GetServerIdReply
    listed_error: bytes | None  # ListRepositoriesReply of a load error

    @classmethod
    def of(cls, served: Served) -> Answers:
        error = served.load_error
        return cls(
            served=served,
            server_id=messages.server_id_reply(served.server_id),
            listed_error=None if error is None else messages.text_reply(error),
        )

    def without_snapshot(self, method: str) -> bytes | None:
        """What a code server with a load error answers to reading calls; None where there is no load error."""
        error = self.served.load_error
        if error is None:
            return None
        if method == "ListRepositories":
            return self.listed_error
        if method == "ExternalJob":
            return messages.job_error_reply(error)
        if method == "GetCurrentImage":
            return messages.text_reply(serdes.current_image_json(None))
        return messages.text_reply(serdes.repository_error_json(error))
