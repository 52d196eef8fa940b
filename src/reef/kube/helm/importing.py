"""From the chart's values to CodeLocations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reef.errors import ReefError
from reef.fleet.document import Item
from reef.fleet.text import read_text
from reef.kube.findings import Finding, about, left_out
from reef.kube.helm.chart import Chart, Options, read_chart, section_findings
from reef.kube.helm.corrected import Edit, corrected
from reef.kube.helm.entry import Entry
from reef.kube.helm.exporting import export_helm
from reef.kube.helm.foreign import foreign
from reef.kube.helm.made import made_objects
from reef.kube.helm.off import values_off
from reef.kube.helm.section import SUBCHART, Section, deployments_of, find_sections
from reef.kube.helm.servers import named
from reef.kube.helm.templates import bare_variable, template_kind
from reef.kube.helm.tree import entry, scalars, text
from reef.kube.helm.values_files import read_release
from reef.kube.model import CodeLocation
from reef.kube.writing import commented, yaml_text

_NEAR = f"is no key of the chart, which reads {SUBCHART}; it is taken for that"

_INSTEAD = "In the place of the user deployments of this file:\n"


@dataclass(frozen=True)
class Import:
    """`made` are objects that the chart made and that go with it; `off` the values that switch the old pods off."""

    locations: tuple[CodeLocation, ...]
    made: tuple[dict[str, Any], ...] = ()
    off: dict[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    # file -> the text that the chart understands
    corrections: Mapping[str, str] = field(default_factory=dict)


def import_helm(paths: Sequence[str], options: Options, workspace_map: str) -> Import:
    """All user deployments of the values in these files. Raises ReefError where there is nothing to import."""
    release = read_release(paths)
    options = replace(
        options,
        release=options.release or release.name or "dagster",
        namespace=options.namespace or release.namespace,
        chart_version=options.chart_version or release.chart_version,
    )
    sections = find_sections(release.values)
    if not any(found and found.value for found in map(deployments_of, sections)):
        raise foreign(release.values)
    locations: list[CodeLocation] = []
    made: list[dict[str, Any]] = []
    edits: list[Edit] = []
    findings: list[Finding] = []
    for section in sections:
        _refuse_templates(section, options)
        chart = read_chart(section, release.values, options)
        findings += section_findings(section)
        edits += _renamed(section)
        findings += [about("changed", section.item, _NEAR)] if section.near_miss else []
        for location, found, better in _locations(section, chart):
            findings += found
            edits += better
            locations += [location] if location else []
        made += made_objects(chart)
    _check_names(locations, sections)
    locations = named(release.values, locations, findings)
    off = values_off(release.values, sections, workspace_map, options.chart_version)
    return Import(tuple(locations), tuple(made), off, tuple(findings), _corrections(edits, locations))


def _locations(
    section: Section, chart: Chart
) -> Iterator[tuple[CodeLocation | None, list[Finding], list[Edit]]]:
    deployments = deployments_of(section)
    if deployments is None:
        return
    for name, item in _entries(deployments):
        if item.value is None:
            yield None, [about("left_out", item, "is null: it is switched off")], []
            continue
        reader = Entry(item, name, chart)
        try:
            yield reader.location(bool(deployments.entries)), reader.findings, reader.edits
        except ReefError as error:
            yield None, [left_out(item, error)], []


def _renamed(section: Section) -> list[Edit]:
    """What gives a section the name, and the form, that the chart reads."""
    if not section.near_miss:
        return []
    name = section.key.rpartition(".")[2]
    if entry(section.item, "deployments") is not None:
        return [Edit(section.item.where, name, new_key=SUBCHART)]
    around = ("enabled: true", "enableSubchart: true", "deployments:")
    return [Edit(section.item.where, name, new_key=SUBCHART, around=around)]


def _corrections(edits: Sequence[Edit], locations: Sequence[CodeLocation]) -> dict[str, str]:
    """The corrected text of each file with something to correct; what cannot be edited is written anew."""
    found = {}
    for file in dict.fromkeys(each.where.file for each in edits):
        better = corrected(read_text(file), [each for each in edits if each.where.file == file])
        found[file] = better or commented(_INSTEAD) + yaml_text(export_helm(locations, {}).values)
    return found


def _entries(deployments: Item) -> Iterator[tuple[str, Item]]:
    if deployments.entries:
        yield from sorted(deployments.entries.items())  # as the chart does
        return
    for item in deployments.elements:
        if not isinstance(item.value, dict):
            raise item.invalid("a map with name, image and port")
        name = text(item, "name")
        if name is None:
            raise item.error("has no name")
        yield name, item


def _refuse_templates(section: Section, options: Options) -> None:
    if options.literal:
        return
    for item in scalars(section.item):
        if what := template_kind(item.raw or ""):
            said = "" if ".env" in item.path else f"= {item.said()}: "  # it may be a secret
            raise item.error(f"{said}this is {what}", "--literal takes such text as it is")
    for deployment in (
        (found.elements or tuple(found.entries.values())) if (found := deployments_of(section)) else ()
    ):
        for each in (entry(deployment, "name"), entry(deployment, "port"), *_image_parts(deployment)):
            if each is not None and bare_variable(each.raw or ""):
                raise each.error(
                    f"= {each.said()}: this is a template for envsubst: render it first",
                    "--literal takes it as it is",
                )


def _image_parts(deployment: Item) -> Iterator[Item | None]:
    yield entry(deployment, "image", "repository")
    yield entry(deployment, "image", "tag")


def _check_names(locations: Sequence[CodeLocation], sections: Sequence[Section]) -> None:
    seen: set[str] = set()
    for each in locations:
        if each.name in seen:
            raise sections[-1].item.error(
                f"two deployments are called {each.name!r}", "a Service has one name; rename or remove one"
            )
        seen.add(each.name)
