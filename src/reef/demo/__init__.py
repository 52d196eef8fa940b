"""A fleet of sixty locations that looks like real life, to try Reef on."""

from __future__ import annotations

from reef.demo.fleet import DemoFleet, write_fleet
from reef.demo.venvs import Environment, Made, make_environments
from reef.demo.wheels import Package

__all__ = ["DemoFleet", "Environment", "Made", "Package", "make_environments", "write_fleet"]
