"""The API server as coroutines over plain documents. lightkube brings connection, credentials and their renewal; its
models are not used, so a kind costs no memory and nothing that it does not know is lost."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import httpx2
import msgspec
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import SingleConfig
from lightkube.core.exceptions import ConfigError

from reef.cluster.answers import Listing, Page, events
from reef.cluster.errors import Forbidden, refused, unanswered
from reef.cluster.kinds import Document, Kind
from reef.kube.labels import FIELD_MANAGER
from reef.words import describe

PAGE = 100  # objects of one answer: a whole list at once is the peak of a process's memory
logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each request

_JSON = "application/json"
_PATCHES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}
Propagation = Literal["Background", "Foreground", "Orphan"]


_SECONDS: ContextVar[float | None] = ContextVar("seconds of a call", default=None)


class Client:
    """Every call raises ClusterError, in the kinds of `errors`. Belongs to one event loop."""

    def __init__(self, config: SingleConfig, timeout_s: float = 30.0, manager: str = FIELD_MANAGER) -> None:
        self._server = config.cluster.server
        self._manager = manager
        self.namespace = config.namespace
        self._http = AsyncClient(config, ConnectionParams(timeout=httpx2.Timeout(timeout_s, connect=5.0)))

    async def close(self) -> None:
        await self._http.aclose()

    @contextmanager
    def asking_for(self, seconds: float) -> Iterator[None]:
        """Calls in this block take no longer, in the task that is in it. Cancelling a call instead would leave a
        connection that is being opened to the garbage collector."""
        before = _SECONDS.set(seconds)
        try:
            yield
        finally:
            _SECONDS.reset(before)

    async def get(self, kind: Kind, name: str, namespace: str | None = None) -> Document:
        return await self._document("GET", kind.path(self._in(namespace), name))

    async def pages(
        self, kind: Kind, namespace: str | None, labels: str | None = None, fields: str | None = None
    ) -> AsyncIterator[Listing]:
        """All objects of one moment, some at a time; `namespace` None is all namespaces."""
        params = {"limit": str(PAGE), "labelSelector": labels, "fieldSelector": fields}
        while True:
            body = await self._answer("GET", kind.path(namespace), params=params)
            page = msgspec.json.decode(body, type=Page)
            yield Listing(page.items or [], page.metadata.version)
            if not page.metadata.next:
                return
            params["continue"] = page.metadata.next

    async def list(
        self, kind: Kind, namespace: str | None, labels: str | None = None, fields: str | None = None
    ) -> Listing:
        """As `pages`, at once."""
        items, version = list[Document](), ""
        async for page in self.pages(kind, namespace, labels, fields):
            items += page.items
            version = page.version
        return Listing(items, version)

    @asynccontextmanager
    async def watching(
        self, kind: Kind, namespace: str | None, version: str, seconds: int, labels: str | None = None
    ) -> AsyncIterator[AsyncIterator[tuple[str, Document]]]:
        """What happens after `version`: ADDED, MODIFIED, DELETED, and BOOKMARK, which only has a newer version.

        The server ends it after `seconds`; whoever watches sees to it that a connection which has died ends too.
        """
        params = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
        params["timeoutSeconds"] = str(seconds)
        async with self.streaming(kind.path(namespace), {**params, "labelSelector": labels}) as answer:
            yield events(answer)

    @asynccontextmanager
    async def streaming(self, path: str, params: Mapping[str, str | None]) -> AsyncIterator[httpx2.Response]:
        """An answer that may take for ever to come whole."""
        request = self._request("GET", path, params=params)
        request.extensions["timeout"]["read"] = None
        try:
            answer = await self._http.send(request, stream=True)
            try:
                if answer.status_code != 200:
                    raise refused(answer.status_code, await answer.aread())
                yield answer
            finally:
                await answer.aclose()
        except (httpx2.HTTPError, OSError) as error:
            raise unanswered(self._server, error) from None

    async def create(self, kind: Kind, document: Document) -> Document:
        """Raises Conflict where it is there already."""
        path = kind.path(self._in(document["metadata"].get("namespace")))
        return await self._document("POST", path, document, params={"fieldManager": self._manager})

    async def replace(self, kind: Kind, document: Document) -> Document:
        """Raises Conflict where somebody has changed it since `document` was read."""
        metadata = document["metadata"]
        path = kind.path(self._in(metadata.get("namespace")), metadata["name"])
        return await self._document("PUT", path, document, params={"fieldManager": self._manager})

    async def apply(self, kind: Kind, document: Document, part: str | None = None) -> Document:
        """Server-side apply: makes it, or brings the fields that `document` names to what it says, whoever had them.
        Those that this manager named before and does not name now are removed."""
        metadata = document["metadata"]
        path = kind.path(self._in(metadata.get("namespace")), metadata["name"], part)
        whole = {"apiVersion": kind.api_version, "kind": kind.kind, **document}
        params = {"fieldManager": self._manager, "force": "true"}
        return await self._document("PATCH", path, whole, "apply", params)

    async def patch(
        self,
        kind: Kind,
        name: str,
        patch: object,
        namespace: str | None = None,
        form: Literal["merge", "strategic", "json"] = "merge",
        part: str | None = None,
    ) -> Document:
        path = kind.path(self._in(namespace), name, part)
        return await self._document("PATCH", path, patch, form, {"fieldManager": self._manager})

    async def patch_status(
        self, kind: Kind, name: str, status: Mapping[str, Any], namespace: str | None = None
    ) -> Document:
        """Lists are replaced as they are, what is None is removed."""
        return await self.patch(kind, name, {"status": status}, namespace, part="status")

    async def scale(self, kind: Kind, name: str, replicas: int, namespace: str | None = None) -> None:
        await self.patch(kind, name, {"spec": {"replicas": replicas}}, namespace, part="scale")

    async def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        grace_s: int | None = None,
        propagation: Propagation = "Background",
    ) -> None:
        """Raises NotFound. With `uid`, Conflict where another one has that name by now."""
        options: Document = {"propagationPolicy": propagation}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        await self._answer("DELETE", kind.path(self._in(namespace), name), options)

    def _in(self, namespace: str | None) -> str:
        return namespace or self.namespace

    async def _document(
        self,
        method: str,
        path: str,
        body: object = None,
        form: str | None = None,
        params: Mapping[str, str | None] | None = None,
    ) -> Document:
        answer = await self._answer(method, path, body, form, params)
        return msgspec.json.decode(answer, type=Document)

    async def _answer(
        self,
        method: str,
        path: str,
        body: object = None,
        form: str | None = None,
        params: Mapping[str, str | None] | None = None,
    ) -> bytes:
        request = self._request(method, path, body, form, params)
        try:
            answer = await self._http.send(request)
        except (httpx2.HTTPError, OSError) as error:
            raise unanswered(self._server, error) from None
        except ConfigError as error:  # a program or a file that should give credentials
            raise Forbidden(describe(error)) from None
        if answer.status_code >= 300:
            raise refused(answer.status_code, answer.content)
        return answer.content

    def _request(
        self,
        method: str,
        path: str,
        body: object = None,
        form: str | None = None,
        params: Mapping[str, str | None] | None = None,
    ) -> httpx2.Request:
        said = {name: value for name, value in (params or {}).items() if value is not None}
        content = None if body is None else msgspec.json.encode(body)
        headers = {"Accept": _JSON}
        if body is not None:
            headers["Content-Type"] = _PATCHES[form] if form else _JSON
        seconds = _SECONDS.get()
        timeout = httpx2.USE_CLIENT_DEFAULT if seconds is None else httpx2.Timeout(seconds / 2)
        return self._http.build_request(
            method, path, params=said, content=content, headers=headers, timeout=timeout
        )
