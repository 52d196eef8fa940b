"""CodeLocations from whatever a person names: files of them, or a fleet."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from reef.fleet.reading import read
from reef.kube.findings import Finding
from reef.kube.helm.exporting import accounts_of
from reef.kube.location_files import has_code_locations, read_code_locations
from reef.kube.model import CodeLocation
from reef.kube.render import Target, rendered


@dataclass(frozen=True)
class Source:
    """Locations, the service accounts that `reef import helm` wrote beside them, and what could not be said."""

    locations: tuple[CodeLocation, ...]
    accounts: Mapping[str, Mapping[str, Any]]
    findings: tuple[Finding, ...]


def source(path: str | None, target: Target) -> Source:
    """Raises ReefError."""
    named = path or "."
    if os.path.exists(named) and has_code_locations(named):
        documents = read_code_locations(named)
        return Source(documents.locations, accounts_of(documents.others), ())
    fleet = read(path, os.environ, sys.executable)
    for warning in fleet.warnings:
        click.echo(f"warning: {warning}", err=True)
    done = rendered(fleet, target, os.environ)
    return Source(done.locations, {}, done.findings)
