"""The log of a process of Reef: a line for people, or a JSON object for programs (`REEF_LOG_FORMAT`)."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

FORMATS = ("text", "json")
# Of what an entry speaks, where it speaks of one location: given as `extra` by who logs.
FIELDS = ("event", "location", "version", "pid")
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """`time` (RFC 3339, UTC), `level`, `logger`, `message`, what is known of FIELDS, and `trace` where an exception
    is told with it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: vars(record)[name] for name in FIELDS if name in vars(record)})
        if record.exc_info and record.exc_info[0] is not None:
            line["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def formatter(environ: Mapping[str, str]) -> logging.Formatter:
    return JsonLines() if environ.get("REEF_LOG_FORMAT") == "json" else logging.Formatter(TEXT)


def write_to_stderr(environ: Mapping[str, str]) -> None:
    """From now on, for every logger of the process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(environ))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
