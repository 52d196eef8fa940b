"""Asking a Prometheus. Blocks; raises ReefError for whatever keeps it from answering."""

from __future__ import annotations

import json
import math
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from reef.errors import ReefError
from reef.words import describe, fault, headline, shortened

TOKEN = "REEF_PROMETHEUS_TOKEN"  # noqa: S105  the name of a variable
HEADERS = "REEF_PROMETHEUS_HEADERS"
TIMEOUT_S = 60.0

Labels = Mapping[str, str]
Points = Sequence[tuple[float, float]]
"""(unix seconds, value)"""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token must not follow to wherever an answer points."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


@dataclass(frozen=True)
class Prometheus:
    """`url` as a person gives it, with a path where there is one."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = TIMEOUT_S

    def at(self, query: str, when: float) -> list[tuple[Labels, float]]:
        """The value of each series at one moment."""
        found = self._ask("query", {"query": query, "time": f"{when:.3f}"}, "vector")
        return [(each["metric"], float(each["value"][1])) for each in found]

    def over(self, query: str, since: float, until: float, step_s: int) -> list[tuple[Labels, Points]]:
        """The values of each series, without those that are no numbers."""
        given = {"query": query, "start": f"{since:.3f}", "end": f"{until:.3f}", "step": str(step_s)}
        found = self._ask("query_range", given, "matrix")
        return [(each["metric"], _numbers(each["values"])) for each in found]

    def _ask(self, what: str, given: Mapping[str, str], kind: str) -> list[Any]:
        request = urllib.request.Request(
            f"{self.url.rstrip('/')}/api/v1/{what}",
            urllib.parse.urlencode(given).encode(),
            {"Content-Type": "application/x-www-form-urlencoded", **self.headers},
        )
        opener = urllib.request.build_opener(_NoRedirect())
        try:
            with opener.open(request, timeout=self.timeout_s) as response:
                answer = json.load(response)
            if answer["status"] != "success" or answer["data"]["resultType"] != kind:
                raise ValueError(str(answer.get("error", answer["status"])))
            found: list[Any] = answer["data"]["result"]
            return found
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(error, given["query"]) from None
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from None
        except (ValueError, KeyError, TypeError) as error:
            said = shortened(headline(describe(error)), 200)
            raise ReefError(f"{self._shown()} does not answer as a Prometheus does: {said}") from None

    def _refused(self, error: urllib.error.HTTPError, query: str) -> ReefError:
        said = f"{self._shown()} answers {error.code} {error.reason}"
        if error.code in (401, 403):
            return ReefError(
                said, hint=f"{TOKEN} is sent as a bearer token, {HEADERS} as lines of `Name: value`"
            )
        if 300 <= error.code < 400:
            return ReefError(said, hint=f"it points to {error.headers.get('Location')}: give that URL")
        if error.code in (400, 422) and (why := _why(error)):
            return ReefError(f"{said}: {why}\nthe query: {query}")
        return ReefError(said, hint="is it the address of a Prometheus, with its path?")

    def _unreachable(self, error: OSError | HTTPException) -> ReefError:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        said = fault(reason) if isinstance(reason, OSError) else describe(Exception(str(reason)))
        return ReefError(f"no Prometheus can be reached at {self._shown()}: {said}", hint="see --prometheus")

    def _shown(self) -> str:
        """Without a password that may be in it."""
        parts = urllib.parse.urlsplit(self.url)
        return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def prometheus(url: str, environ: Mapping[str, str] = os.environ) -> Prometheus:
    """With the token and the headers of the environment. Raises ReefError."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ReefError(f"--prometheus = {url!r}, must be an address such as http://localhost:9090")
    if "@" in parts.netloc:
        raise ReefError(
            f"--prometheus holds a password; put it into {HEADERS}", hint="Authorization: Basic ..."
        )
    headers = {}
    for number, line in enumerate(environ.get(HEADERS, "").splitlines(), 1):
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not name.strip().replace("-", "").isalnum():
            raise ReefError(f"line {number} of {HEADERS} is no `Name: value`")
        headers[name.strip()] = value.strip()
    if token := environ.get(TOKEN, "").strip():
        headers["Authorization"] = f"Bearer {token}"
    if any(not value.isprintable() or not value.isascii() for value in headers.values()):
        raise ReefError(f"{TOKEN} or {HEADERS} has characters that no header can have")
    return Prometheus(url, headers)


def _numbers(values: Sequence[Sequence[Any]]) -> Points:
    found = ((float(when), float(value)) for when, value in values)
    return [(when, value) for when, value in found if math.isfinite(value)]


def _why(error: urllib.error.HTTPError) -> str:
    try:
        return shortened(headline(str(json.load(error).get("error", ""))), 300)
    except (ValueError, OSError, AttributeError):
        return ""
