"""Style, scripts and pictures of the pages, as they lie in this package."""

from __future__ import annotations

import asyncio
from importlib import resources

from reef.web.answers import Answer, Asked, Refusal

KINDS = {
    "reef.css": "text/css; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "common.js": "text/javascript; charset=utf-8",
    "fleet.js": "text/javascript; charset=utf-8",
    "location.js": "text/javascript; charset=utf-8",
    "refused.js": "text/javascript; charset=utf-8",
    "reef.svg": "image/svg+xml",
}


async def static_file(asked: Asked) -> Answer:
    """Browsers keep them for an hour; their addresses on a page name Reef's release."""
    name = asked.parts["file"]
    if name not in KINDS:
        raise Refusal(404, "there is no such file")
    body = await asyncio.to_thread((resources.files("reef.web") / "static" / name).read_bytes)
    return Answer(body, KINDS[name], headers={"Cache-Control": "private, max-age=3600"})
