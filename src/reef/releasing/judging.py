"""What becomes of a load: pure, from what it found and what is served."""

from __future__ import annotations

from typing import Literal

from reef.records.served import ServedRecord
from reef.releasing.loading import Loaded
from reef.wire.serdes import read_error

Verdict = Literal["serve", "keep", "same error"]


def judge(loaded: Loaded, served: ServedRecord | None, show_error: bool) -> Verdict:
    """`serve` it; `keep` what is served, which loads; or it is the `same error` that is served. `show_error`: what
    does not load is served as its error, whatever was served before."""
    error = loaded.recording.load_error
    if error is not None and served is not None and served.load_error is None and not show_error:
        return "keep"
    return "same error" if _same_error(loaded, served) else "serve"


def _same_error(loaded: Loaded, served: ServedRecord | None) -> bool:
    """The same code failed in the same way: the traceback's details are not worth a reload in every client."""
    error = loaded.recording.load_error
    if served is None or served.load_error is None or error is None or served.version != loaded.stamp.version:
        return False
    old, new = (read_error(text.encode()) for text in (served.load_error, error))
    return (old.message, old.cls_name) == (new.message, new.cls_name)
