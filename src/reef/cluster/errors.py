"""What may go wrong when the API server is asked, in as many kinds as callers act on."""

from __future__ import annotations

import msgspec

from reef.errors import ReefError
from reef.words import describe


class ClusterError(ReefError):
    """The API server's own words. `code` is its HTTP status, 0 where it did not answer."""

    code = 0


class ApiUnreachable(ClusterError):
    """It does not answer, or only that it cannot now. Asking again later may help; whether the request was done is not
    known."""


class NotFound(ClusterError):
    """There is no such object, or no such kind of object."""


class Conflict(ClusterError):
    """Somebody else has changed it, or owns a field of it, or made it before."""


class Expired(ClusterError):
    """What was asked for is older than what it remembers: list again."""


class Forbidden(ClusterError):
    """Whoever asks may not."""


class Invalid(ClusterError):
    """It does not take this object or request."""


class _Status(msgspec.Struct):
    message: str = ""
    reason: str = ""
    code: int = 0


_KINDS: dict[int, type[ClusterError]] = {
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
}
_LATER = (408, 425, 429)


def refused(code: int, body: bytes) -> ClusterError:
    """What an answer that is no success means."""
    status = _status(body)
    error = _kind(code)(status.message or f"the API server answers {code}", hint=_hint(code))
    error.code = code
    return error


def unanswered(server: str, error: BaseException) -> ApiUnreachable:
    """No answer came from `server`."""
    return ApiUnreachable(f"the API server at {server} does not answer: {describe(error)}")


def _kind(code: int) -> type[ClusterError]:
    if code >= 500 or code in _LATER:
        return ApiUnreachable
    return _KINDS.get(code, Invalid)


def _hint(code: int) -> str | None:
    return "its credentials are missing or have expired" if code == 401 else None


def _status(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Status(message=body.decode(errors="replace").strip()[:500])
