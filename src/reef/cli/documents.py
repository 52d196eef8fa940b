"""Printing Kubernetes documents, and what could not be said in them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from reef.errors import ReefError, Where
from reef.fleet.text import shown
from reef.kube.findings import Finding, grouped
from reef.kube.model import CodeLocation
from reef.kube.writing import documents_text
from reef.words import count, fault


@dataclass(frozen=True)
class Output:
    """The same in three forms: files of a folder, a text for stdout, an object for programs."""

    files: Mapping[str, str]
    text: str
    data: Mapping[str, object]
    findings: Sequence[Finding]


def put(output: Output, folder: str | None, as_json: bool) -> None:
    """Into the folder where one is named, else to stdout; findings to stderr. Raises ReefError."""
    if folder:
        _write(folder, output.files)
    if as_json:
        said = {**output.data, "findings": [each.to_json() for each in output.findings]}
        click.echo(json.dumps(said, ensure_ascii=False))
    elif not folder:
        click.echo(output.text, nl=False)
    for line in grouped(output.findings):
        click.echo(line, err=True)


def show_rendered(
    locations: Sequence[CodeLocation],
    findings: Sequence[Finding],
    folder: str | None,
    as_json: bool,
    of_services: Sequence[Mapping[str, Any]] = (),
    services: int = 0,
) -> None:
    """CodeLocations, and the documents of that many services; exit status 1 where one is left out. Raises ReefError."""
    documents = [each.document() for each in locations]
    files = {"codelocations.yaml": documents_text(documents)}
    data: dict[str, object] = {"code_locations": documents, "services": list(of_services)}
    if of_services:
        files["services.yaml"] = documents_text(dict(each) for each in of_services)
    put(Output(files, "".join(files.values()), data, findings), folder, as_json)
    finish(locations, findings, services)


def finish(locations: Sequence[CodeLocation], findings: Iterable[Finding], services: int = 0) -> None:
    """One line that counts; exit status 1 where a location or a service is left out."""
    left_out = sum(each.kind == "left_out" for each in findings)
    also = f", {count(services, 'shared service')}" if services else ""
    click.echo(f"{count(len(locations), 'CodeLocation')}{also}, {left_out} left out", err=True)
    if left_out:
        sys.exit(1)


def _write(folder: str, files: Mapping[str, str]) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
        for name, text in files.items():
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            click.echo(f"wrote {shown(path)}", err=True)
    except OSError as error:
        raise ReefError(f"cannot be written: {fault(error)}", where=Where(shown(folder))) from None
