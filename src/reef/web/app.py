"""The answers as an ASGI application: who may ask, what every answer says besides, and what is refused how."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from reef.errors import ReefError
from reef.web.answers import Answer, Answers, Asked, Handler, Refusal, refused

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

log = logging.getLogger("reef.web")

MOST_BODY = 64 * 1024
SAFETY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

MayAsk = Callable[[str | None], bool]
"""Whether a request with this `Host` is meant for this listener."""
RefusedPage = Callable[[Asked, Refusal], Answer]
"""A refusal for who asked: a page for people, JSON for programs."""


def _as_json(_asked: Asked, refusal: Refusal) -> Answer:
    return refused(refusal)


def application(answers: Answers, may_ask: MayAsk, refused_page: RefusedPage = _as_json) -> Any:
    """An ASGI application."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.routing import Route

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        said = {404: "there is no such page", 405: "this is not how it is asked"}
        refusal = Refusal(error.status_code, said.get(error.status_code, error.detail))
        return _response(refused_page(_asked(request), refusal))

    routes = [
        Route(each.path, _endpoint(each.handler, may_ask, refused_page), methods=[each.method])
        for each in answers
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: on_http_error})


def _endpoint(
    handler: Handler, may_ask: MayAsk, refused_page: RefusedPage
) -> Callable[[Request], Awaitable[Response]]:
    from starlette.requests import ClientDisconnect

    async def endpoint(request: Request) -> Response:
        asked = _asked(request)
        try:
            if not may_ask(asked.headers.get("host")):
                raise Refusal(421, "this is not the address of Reef's page")
            answer = await handler(await _with_body(request, asked))
        except Refusal as refusal:
            answer = refused_page(asked, refusal)
        except ReefError as error:
            answer = refused_page(asked, Refusal(409, error.message, error.hint))
        except ClientDisconnect:
            answer = Answer(b"", status=400)  # nobody reads it
        except Exception:
            log.exception("%s was not answered", asked.path)
            answer = refused_page(asked, Refusal(500, "this failed", "the host's log knows more"))
        return _response(answer)

    return endpoint


def _asked(request: Request) -> Asked:
    parts = {key: str(value) for key, value in request.path_params.items()}
    return Asked(request.url.path, parts, dict(request.query_params), dict(request.headers))


async def _with_body(request: Request, asked: Asked) -> Asked:
    if request.method != "POST":
        return asked
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY:
            raise Refusal(413, "the request is too long")
    return Asked(asked.path, asked.parts, asked.query, asked.headers, body)


def _response(answer: Answer) -> Response:
    from starlette.responses import Response, StreamingResponse

    headers = {"Cache-Control": "no-store", **SAFETY, **answer.headers}
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, headers, answer.content_type)
    return StreamingResponse(answer.body, answer.status, headers, answer.content_type)
