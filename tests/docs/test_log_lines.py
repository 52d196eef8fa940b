"""What a program may read of a log: the keys that docs/commands.md names."""

from __future__ import annotations

import json
import logging

from pages import ROOT, code_in

from reef.logs import TEXT, JsonLines


def line(error: bool = False) -> dict[str, str]:
    try:
        raise ValueError("x" * 3)
    except ValueError as failure:
        info = (type(failure), failure, failure.__traceback__) if error else None
    record = logging.LogRecord("reef.controller", logging.WARNING, __file__, 1, "%s\ntwo", ("ü",), info)
    text = JsonLines().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_line_is_one_object_with_the_keys_that_are_documented() -> None:
    found = line(error=True)
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    (row,) = [row for row in page.splitlines() if row.startswith("| `REEF_LOG_FORMAT`")]
    assert set(found) <= set(code_in(row))
    assert found["message"] == "ü\ntwo"
    assert found["level"] == "WARNING"
    assert found["logger"] == "reef.controller"
    assert found["time"].endswith("+00:00")
    assert found["trace"].rstrip().endswith("ValueError: xxx")
    assert "trace" not in line()


def test_an_event_has_its_fields() -> None:
    from reef.events import Woken
    from reef.host.event_log import fields
    from reef.hosting.contract import Child

    child = Child("sales", "v1", "serve", 7, 1, "/s", True, 1.0)
    record = logging.LogRecord("reef.control", logging.INFO, __file__, 1, "a word", (), None)
    vars(record).update(fields(Woken("sales", child, 0.1, False)))
    found = json.loads(JsonLines().format(record))
    assert (found["event"], found["location"], found["version"], found["pid"]) == ("woken", "sales", "v1", 7)
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    (row,) = [row for row in page.splitlines() if row.startswith("| `REEF_LOG_FORMAT`")]
    assert set(found) <= set(code_in(row))


def test_as_text_it_is_what_people_know() -> None:
    record = logging.LogRecord("reef.controller", logging.INFO, __file__, 1, "a word", (), None)
    assert logging.Formatter(TEXT).format(record).endswith(" INFO reef.controller: a word")
