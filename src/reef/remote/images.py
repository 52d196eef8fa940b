"""The image that an earlier version of a location had. Pure."""

from __future__ import annotations

from reef.cluster.kinds import Document
from reef.errors import ReefError


def image_before(document: Document, wanted: str) -> str:
    """`wanted`: the beginning of a version in the location's history, or an image. Raises ReefError."""
    history = (document.get("status") or {}).get("history") or []
    found = {each["version"]: each["image"] for each in history if each["version"].startswith(wanted)}
    if len(found) == 1:
        return str(next(iter(found.values())))
    name = document["metadata"]["name"]
    if found:
        raise ReefError(f"{wanted!r} begins several versions of {name}: {', '.join(found)}")
    if any(sign in wanted for sign in ":/@"):
        return wanted
    known = ", ".join(each["version"] for each in history) or "none"
    raise ReefError(
        f"--since = {wanted}, is no version in the history of {name}, and no image",
        hint=f"its versions are {known}; an image has a tag, such as registry.example/{name}:1.4.0",
    )
