"""One HTTP request over the standard library, whose import costs the host a megabyte: imported when it is sent."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A header with a secret is for one address only."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())


def post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> tuple[int, bytes]:
    """Status and body; of an error's answer no body. Blocks. Raises OSError, ValueError."""
    request = urllib.request.Request(url, body, dict(headers))
    try:
        with _OPENER.open(request, timeout=timeout_s) as answer:
            return int(answer.status), bytes(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, b""
