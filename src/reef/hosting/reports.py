"""A probe's report, as its guest tells it."""

from __future__ import annotations

from typing import Any

from reef.hosting.contract import LoadReport
from reef.hosting.link import Link


async def ask(link: Link) -> LoadReport | None:
    """None where the guest is gone."""
    try:
        await link.send({"op": "report"})
    except OSError:
        return None
    while (message := await link.receive()) is not None:
        if message["event"] == "report":
            return parse(message)
    return None


def parse(message: dict[str, Any]) -> LoadReport:
    return LoadReport(
        modules=message["modules"],
        files_read=tuple(message["files_read"]),
        dirs_listed=tuple(message["dirs_listed"]),
        env_read={name: tuple(read) for name, read in message["env_read"].items()},
        needs={name: tuple(needed) for name, needed in message["needs"].items()},
        threads=message["threads"],
        load_s=message["load_s"],
        private_bytes=message["private_bytes"],
        connects=tuple(message["connects"]),
        starts=tuple(message["starts"]),
        at=message["at"],
    )
