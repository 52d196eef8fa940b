"""What the chart tells the page, in environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reef.errors import ReefError
from reef.kube.labels import HEALTH_PORT
from reef.words import fault

PAGE_PORT = 3200
DAYS, MOST_DAYS = 30, 400


@dataclass(frozen=True)
class ViewSettings:
    """`host` is the address that the page listens at; `names` are those under which browsers reach it, besides
    localhost and addresses. `token` "" is no buttons. `database` is as of `controller.settings`; None: no history.
    `health_port` is kubelet's, `metrics_port` that of the processes that are asked."""

    namespace: str
    host: str = "127.0.0.1"
    port: int = PAGE_PORT
    names: tuple[str, ...] = ()
    dagster: str | None = None
    logs: bool = True
    token: str = ""
    database: str | None = None
    days: int = DAYS
    health_port: int = HEALTH_PORT
    metrics_port: int = HEALTH_PORT


def read_view_settings(environ: Mapping[str, str]) -> ViewSettings:
    """Raises ReefError for what is missing or wrong."""
    if not environ.get("REEF_NAMESPACE"):
        raise ReefError(
            "REEF_NAMESPACE is not set: it says whose CodeLocations the page shows", hint="the chart sets it"
        )
    keeps = environ.get("REEF_PAGE_HISTORY", "") == "true"
    return ViewSettings(
        namespace=environ["REEF_NAMESPACE"],
        host=environ.get("REEF_PAGE_HOST") or "127.0.0.1",
        names=tuple(environ.get("REEF_PAGE_NAMES", "").split()),
        dagster=environ.get("REEF_PAGE_DAGSTER") or None,
        logs=environ.get("REEF_PAGE_LOGS", "true") == "true",
        token=_token(environ),
        database=environ.get("REEF_DATABASE_URL", "") if keeps else None,
        days=_days(environ.get("REEF_PAGE_HISTORY_DAYS") or str(DAYS)),
    )


def _days(written: str) -> int:
    if not written.isdecimal() or not 1 <= int(written) <= MOST_DAYS:
        raise ReefError(
            f"REEF_PAGE_HISTORY_DAYS = {written!r}, must be a whole number from 1 to {MOST_DAYS}",
            hint="the chart sets it: page.history.days",
        )
    return int(written)


def _token(environ: Mapping[str, str]) -> str:
    """Of the file that is named, which a Secret mounts."""
    path = environ.get("REEF_PAGE_TOKEN_FILE")
    if not path:
        return ""
    try:
        found = Path(path).read_text().strip()
    except OSError as error:
        raise ReefError(f"{path} cannot be read: {fault(error)}", hint="the Secret of page.actions") from None
    if len(found) < 16:
        raise ReefError(
            f"the token in {path} has less than 16 characters", hint="a longer one is not guessed"
        )
    return found
