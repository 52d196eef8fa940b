"""Buttons: who may press them, and what is asked of the host."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from reef.web.answers import Answer, Asked, Refusal, as_json
from reef.web.location_page import name_of
from reef.web.told import Told
from reef.words import headline, seconds

log = logging.getLogger("reef.web")


class Acting:
    """A request must bear the token in a header, which no page of somebody else can make a browser send, and come from
    this page where the browser says from where it comes."""

    def __init__(self, told: Told, token: str) -> None:
        self._told = told
        self._token = token

    async def act(self, asked: Asked) -> Answer:
        """`{"told": text, "ok": bool, ...}`; raises Refusal, or ReefError as the command does."""
        verb, name = asked.parts["verb"], name_of(asked)
        do = self._told.acts.get(verb)
        if do is None:
            raise Refusal(404 if self._told.acts else 403, "buttons do nothing here", f"use `reef {verb}`")
        self._refuse_strangers(asked)
        if name not in {row["name"] for row in (await self._told.status())["locations"]}:
            raise Refusal(404, f"there is no location {name!r}")
        log.info("%s: %s is asked for on the page", name, verb)
        found = await do({"do": verb, "location": name, **_more(asked.body)})
        return as_json({**_told(verb, name, found), "answer": found})

    async def check(self, asked: Asked) -> Answer:
        """Whether the token is right: for a page that was given one."""
        self._refuse_strangers(asked)
        return as_json({"ok": bool(self._told.acts)})

    def _refuse_strangers(self, asked: Asked) -> None:
        origin, site = asked.headers.get("origin"), asked.headers.get("sec-fetch-site")
        if origin is not None and origin.partition("://")[2] != asked.headers.get("host"):
            raise Refusal(403, "this was asked by a page of somebody else")
        if site not in (None, "same-origin", "none"):
            raise Refusal(403, "this was asked by a page of somebody else")
        kind, _, given = asked.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token.encode()):
            raise Refusal(401, "the token is missing, or of another host", self._told.about().token_told)


def _more(body: bytes) -> dict[str, Any]:
    """`{"version": text}` of a rollback."""
    if not body:
        return {}
    try:
        found = msgspec.json.decode(body, type=dict[str, str])
    except msgspec.MsgspecError:
        raise Refusal(400, "the body is no JSON object of strings") from None
    return {key: value for key, value in found.items() if key == "version"}


def _told(verb: str, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    if "asked" in found:  # somebody else does it
        return {"ok": True, "told": f"{name}: {found['asked']}"}
    if verb == "rollback":
        if found["state"] == "promoted":
            return {"ok": True, "told": f"{name} serves {found['version'][:12]} again, and is pinned to it"}
        return {"ok": False, "told": f"{name} is {found['state']}: {headline(found.get('reason'))}"}
    note = found.get("note")
    cold = found.get("last_cold_start_s")
    took = f", after {seconds(cold)}" if verb == "wake" and cold and not note else ""
    told = f"{name} is {found['state']}{took}" + (f": {note}" if note else "")
    wanted = {"wake": "warm", "sleep": "asleep"}.get(verb)
    return {"ok": wanted in (None, found["state"]), "told": told}
