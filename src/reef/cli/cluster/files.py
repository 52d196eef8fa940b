"""CodeLocations that a person names by files, for one namespace of a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import click

from reef.cli.fleet_source import Source, source
from reef.errors import ReefError, Where
from reef.fleet.text import shown
from reef.kube.findings import grouped
from reef.kube.location_files import has_code_locations
from reef.kube.render import Target
from reef.words import count

F = TypeVar("F", bound=Callable[..., Any])


def file_options(function: F) -> F:
    """`--image` and `--workdir`, for files that are no CodeLocations yet."""
    function = click.option(
        "--workdir",
        metavar="DIR",
        help="On a cluster, for a fleet: where the images have its folder; by default their WORKDIR.",
    )(function)
    return click.option("--image", help="On a cluster, for a fleet: the image of locations that name none.")(
        function
    )


def read_files(paths: Sequence[str], namespace: str, image: str | None, workdir: str | None) -> Source:
    """All of them; findings go to stderr. Raises ReefError."""
    read = [source(each, Target(image, workdir, namespace)) for each in paths or ["."]]
    locations, seen = [], dict[str, str]()
    for path, one in zip(paths or ["."], read, strict=True):
        for each in one.locations:
            if each.namespace not in (None, namespace):
                raise ReefError(
                    f"CodeLocation {each.name} is for namespace {each.namespace}, not {namespace}",
                    where=Where(shown(path)),
                    hint="choose that one with --namespace, and name the files of others apart",
                )
            if each.name in seen:
                raise ReefError(
                    f"CodeLocation {each.name} is in {shown(seen[each.name])} and in {shown(path)}",
                    hint="name one of them",
                )
            seen[each.name] = path
            locations.append(replace(each, namespace=namespace))
    findings = tuple(each for one in read for each in one.findings)
    for line in grouped(findings):
        click.echo(line, err=True)
    return Source(tuple(locations), {}, findings)


def says_all(paths: Sequence[str]) -> bool:
    """Whether what they name is a whole fleet: a folder, or a fleet's file. One file of CodeLocations may be a part."""
    return not paths or any(os.path.isdir(each) or not has_code_locations(each) for each in paths)


def left_out(found: Source) -> list[str]:
    """Locations that have no object, so that nothing can be said or done about them."""
    return sorted(each.path for each in found.findings if each.kind == "left_out")


def check_left_out(found: Source) -> None:
    """Raises ReefError where one is."""
    if names := left_out(found):
        raise ReefError(
            f"{count(len(names), 'location')} could not be said as a CodeLocation: {', '.join(names)}",
            hint="standard error says why, above",
        )
