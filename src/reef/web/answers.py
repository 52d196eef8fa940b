"""What is answered at which path. Whoever has something to answer registers it and needs to know no web framework."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from reef.errors import ReefError

HTML, JSON, EVENTS = "text/html; charset=utf-8", "application/json", "text/event-stream"


@dataclass(frozen=True)
class Asked:
    """One request. `parts` are the named parts of its path (`/location/{name:path}` has `name`), decoded. Names of
    `headers` are in lower case, of names that come twice the last value is here; the same goes for `query`."""

    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """A body that is iterated over is sent piece by piece; the iterator is closed when its reader has gone."""

    body: bytes | AsyncIterator[bytes]
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """A request that is not answered; `message` and `hint` are for people."""

    def __init__(self, status: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.hint = status, message, hint


Handler = Callable[[Asked], Awaitable[Answer]]


@dataclass(frozen=True)
class Registered:
    path: str
    handler: Handler
    method: str


class Answers:
    """Register everything before the listener is started. The first path that fits answers."""

    def __init__(self) -> None:
        self._registered: list[Registered] = []

    def get(self, path: str, handler: Handler) -> None:
        self._registered.append(Registered(path, handler, "GET"))

    def post(self, path: str, handler: Handler) -> None:
        self._registered.append(Registered(path, handler, "POST"))

    def __iter__(self) -> Iterator[Registered]:
        return iter(self._registered)


def as_json(value: object, status: int = 200) -> Answer:
    return Answer(msgspec.json.encode(value), JSON, status)


def refused(error: Refusal | ReefError) -> Answer:
    """The JSON of a request that is not answered."""
    status = error.status if isinstance(error, Refusal) else 409
    return as_json({"error": error.message, "hint": error.hint}, status)
