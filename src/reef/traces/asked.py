"""Whether traces are asked for, and what makes them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reef.errors import ReefError
from reef.words import describe

if TYPE_CHECKING:
    from reef.traces.otel import OtelTraces

WAYS = ("none", "otlp")


def traces_asked_for(environ: Mapping[str, str], role: str) -> OtelTraces | None:
    """None where `REEF_TRACES` asks for none. `role` is the process: host, gateway, pack.

    Where to send spans, OpenTelemetry's own variables say (`OTEL_EXPORTER_OTLP_ENDPOINT` …). Raises ReefError for
    another way, and where OpenTelemetry is not installed.
    """
    way = environ.get("REEF_TRACES") or "none"
    if way not in WAYS:
        raise ReefError(f"REEF_TRACES is {way!r}: it must be one of {', '.join(WAYS)}")
    if way == "none":
        return None
    try:
        from reef.traces.otel import OtelTraces
    except ImportError as error:
        raise ReefError(
            f"REEF_TRACES is {way!r}, and OpenTelemetry is not installed: {describe(error)}",
            hint="install it with `pip install 'dagster-reef[otel]'`",
        ) from None
    _tell_our_log()
    return OtelTraces(role)


def _tell_our_log() -> None:
    """What OpenTelemetry complains of (a collector that is away) is a line of Reef's log, none in a terminal."""
    ours, theirs = logging.getLogger("reef"), logging.getLogger("opentelemetry")
    theirs.handlers = list(ours.handlers)
    theirs.propagate = ours.propagate
