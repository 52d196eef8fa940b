"""What a location that a person has paused asks for."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from reef.controller.book import Book
from reef.kube.model import CodeLocation, Spec


def spec_while_paused(location: CodeLocation, book: Book) -> CodeLocation:
    """As it was when it was paused; as it is where that is not written down, or no model fits it any more."""
    if book.paused_spec is None:
        return location
    try:
        return replace(location, spec=msgspec.convert(book.paused_spec, Spec))
    except msgspec.ValidationError:
        return location
