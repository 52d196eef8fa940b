"""What a CodeLocation's status says that it did not say at the last look: versions and refusals. Pure."""

from __future__ import annotations

from reef.remote.rows import message, phase
from reef.viewing.seen import Look
from reef.web.moments import MOST_TEXT, Moment
from reef.words import headline, shortened

SHORT = 12


class StatusNews:
    """`gone` are the locations that the last look missed."""

    def __init__(self) -> None:
        self._before: dict[
            str, tuple[str, str]
        ] = {}  # location -> version, and why the newest one is refused
        self.gone: tuple[str, ...] = ()

    def changed(self, look: Look) -> list[tuple[str, Moment]]:
        """Nothing of a location that is seen for the first time."""
        now = {each["metadata"]["name"]: _said(each) for each in look.locations}
        found = []
        for name, (version, refused) in now.items():
            before = self._before.get(name)
            if before is None:
                continue
            if version and version != before[0]:
                found.append((name, Moment(look.at, "version", f"version {version[:SHORT]} is served")))
            if refused and refused != before[1]:
                text = shortened(headline(f"a version is refused: {refused}"), MOST_TEXT)
                found.append((name, Moment(look.at, "refused", text)))
        self.gone = tuple(self._before.keys() - now.keys())
        self._before = now
        return found


def _said(location: dict) -> tuple[str, str]:  # type: ignore[type-arg]
    status = location.get("status") or {}
    return str(status.get("version") or ""), message(status) if phase(location) == "refused" else ""
