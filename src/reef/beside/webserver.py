"""What Reef asks of a Dagster webserver, its own or another: small GraphQL requests, over the standard library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from reef.words import describe, headline

RELOAD_WORKSPACE = "mutation{reloadWorkspace{__typename ... on PythonError{message}}}"
RELOAD_LOCATION = (
    "mutation($n:String!){reloadRepositoryLocation(repositoryLocationName:$n)"
    "{__typename ... on PythonError{message}}}"
)
VERSIONS = (
    "{locationStatusesOrError{__typename ... on WorkspaceLocationStatusEntries"
    "{entries{name loadStatus versionKey}}}}"
)
ASK_TIMEOUT_S = 10.0
RELOAD_TIMEOUT_S = 600.0  # of a workspace: one location after the other


class WebserverRefused(Exception):
    """It answers, and will not do it: the text says why, for people."""


class WebserverUnreachable(Exception):
    """It does not answer, or not as a Dagster webserver does."""


class Webserver:
    """`url` without `/graphql`. `headers` may hold secrets and are never shown."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        self._headers = dict(headers or {})

    async def reload_workspace(self) -> None:
        """Make it read its workspace file again. Raises WebserverRefused, WebserverUnreachable."""
        await self._mutate(RELOAD_WORKSPACE, "reloadWorkspace", {}, RELOAD_TIMEOUT_S)

    async def reload_location(self, name: str) -> None:
        """Make it load one location again. Raises as above."""
        await self._mutate(RELOAD_LOCATION, "reloadRepositoryLocation", {"n": name}, RELOAD_TIMEOUT_S)

    async def shown(self) -> dict[str, str]:
        """Location → the server id of what it shows; without those that it is loading, or could not load."""
        loaded = [entry for entry in await self._entries() if entry.get("loadStatus") == "LOADED"]
        return {entry["name"]: found for entry in loaded if (found := _server_id(entry["versionKey"]))}

    async def listed(self) -> set[str]:
        """The locations that it knows, whether they load or not."""
        return {str(entry["name"]) for entry in await self._entries()}

    async def _entries(self) -> list[dict[str, Any]]:
        answer = await self._post(VERSIONS, {}, ASK_TIMEOUT_S)
        return list(answer.get("locationStatusesOrError", {}).get("entries", []))

    async def _mutate(self, query: str, field: str, variables: Mapping[str, str], timeout_s: float) -> None:
        answer = (await self._post(query, variables, timeout_s)).get(field) or {}
        kind = answer.get("__typename")
        if kind == "UnauthorizedError":
            raise WebserverRefused("it is read-only, or does not let us reload")
        if kind == "PythonError":
            raise WebserverRefused(headline(str(answer.get("message") or "it did not say why")))

    async def _post(self, query: str, variables: Mapping[str, str], timeout_s: float) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        return await asyncio.to_thread(self._posted, body, timeout_s)

    def _posted(self, body: bytes, timeout_s: float) -> dict[str, Any]:
        from reef.beside.post import post

        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            status, answer = post(f"{self.url}/graphql", body, headers, timeout_s)
            found = json.loads(answer) if status < 300 else None
        except (OSError, ValueError) as error:
            raise WebserverUnreachable(describe(error)) from None
        if status in (401, 403):
            raise WebserverRefused(f"it wants to know who asks (HTTP {status})")
        if status >= 300:
            raise WebserverUnreachable(f"HTTP {status}")
        if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
            raise WebserverUnreachable("it does not answer as Dagster's webserver does")
        return dict(found["data"])


def _server_id(version_key: str) -> str | None:
    """Dagster's version key of a loaded code server: a JSON list that begins with its server id, in older Dagsters
    the server id itself. Of what did not load it is the time."""
    try:
        found = json.loads(version_key)
    except ValueError:
        return version_key or None
    return str(found[0]) if isinstance(found, list) and found else None
