"""The image of one deployment."""

from __future__ import annotations

from typing import Any

from reef.errors import ReefError
from reef.fleet.document import Item
from reef.kube.findings import Finding, about
from reef.kube.helm.chart import Chart
from reef.kube.helm.corrected import Edit
from reef.kube.helm.images import image_name, image_parts
from reef.kube.helm.tree import entry, text, written

_POLICIES = ("Always", "IfNotPresent", "Never")


def read_image(
    item: Item, name: str, chart: Chart, findings: list[Finding], edits: list[Edit]
) -> dict[str, Any]:
    """`image` and `imagePullPolicy`. Raises ReefError where the files do not say which image it is."""
    found = entry(item, "image")
    given = chart.options.images.get(name)
    if found is not None and isinstance(found.value, str):
        return _one_word(given or str(found.value), found, findings, edits)
    image = given or _named(item, found, name, chart, findings)
    policy = entry(found, "pullPolicy")
    if policy is not None and policy.value not in _POLICIES:
        raise policy.invalid("Always, IfNotPresent or Never")
    _say_unknown(found, findings)
    return {"image": image, **({"imagePullPolicy": written(policy)} if policy else {})}


def _one_word(image: str, found: Item, findings: list[Finding], edits: list[Edit]) -> dict[str, str]:
    """`image: registry/sales:1.4.0`, which the chart cannot read."""
    repository, tag = image_parts(image)
    policy = "Always" if tag == "latest" else "IfNotPresent"  # as in Kubernetes
    findings.append(about("changed", found, "the chart wants a map with repository, tag and pullPolicy"))
    value = f'{{repository: "{repository}", tag: "{tag}", pullPolicy: {policy}}}'
    edits.append(Edit(found.where, "image", value=value))
    return {"image": image_name(repository, tag), "imagePullPolicy": policy}


def _named(item: Item, found: Item | None, name: str, chart: Chart, findings: list[Finding]) -> str:
    repository, tag = text(found, "repository"), entry(found, "tag")
    if found is None or repository is None:
        where = (found.entries.get("repository") or found) if found else item.entries.get("image") or item
        raise where.error("names no image", f"give the file that does, or --image {name}=REPOSITORY:TAG")
    if tag is None or written(tag) == "":
        if chart.options.chart_version is None:
            raise _no_tag(found, name)
        said = f"has no tag: the chart takes its own version, {chart.options.chart_version}"
        findings.append(about("changed", found, said))
        return image_name(repository, chart.options.chart_version)
    if not isinstance(tag.value, str) and written(tag) != tag.raw:
        said = f"= {tag.raw} is a number, of which Helm makes {written(tag)}; put it in quotes"
        findings.append(about("changed", tag, said))
    return image_name(repository, written(tag))


def _no_tag(image: Item, name: str) -> ReefError:
    return image.error(
        "has no tag, and the chart would take its own version",
        f"give --chart-version VERSION, or --image {name}=REPOSITORY:TAG",
    )


def _say_unknown(found: Item | None, findings: list[Finding]) -> None:
    for name, each in (found.entries if found else {}).items():
        if name not in ("repository", "tag", "pullPolicy") and each.value not in (None, [], {}, ""):
            findings.append(about("lost", each, "the chart does not read it"))
