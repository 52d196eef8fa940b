"""Templates of the pages. Whatever a location says is escaped: nothing is ever marked as safe."""

from __future__ import annotations

import datetime
import time
from importlib import resources
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.environment import TemplateModule

from reef import __version__
from reef.notes import span


def iso(at: float) -> str:
    """Of unix seconds, in UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(at: float) -> str:
    """The browser goes on counting from there."""
    return f"{span(max(0.0, time.time() - at))} ago"


class Pages:
    """Compiles each template once, when it is first used."""

    def __init__(self) -> None:
        folder = str(resources.files("reef.web") / "templates")
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(iso=iso, ago=ago)
        self._environment.globals["release"] = __version__
        self._modules: dict[str, TemplateModule] = {}

    def page(self, template: str, **values: Any) -> bytes:
        return self._environment.get_template(template).render(**values).encode()

    def piece(self, template: str, macro: str, *values: Any) -> str:
        """What one macro of a template makes."""
        if template not in self._modules:
            self._modules[template] = self._environment.get_template(template).module
        return str(getattr(self._modules[template], macro)(*values))
