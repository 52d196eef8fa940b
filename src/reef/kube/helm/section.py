"""Finding the user deployments in values: in the official chart, a sub-chart of another one, or on their own."""

from __future__ import annotations

from dataclasses import dataclass

from reef.fleet.document import Item
from reef.kube.helm.tree import entry, maps

SUBCHART = "dagster-user-deployments"
# Names that look right and that the chart ignores, without their case and their dashes; the first was the chart's own
# before its 0.11.
_NEAR_MISSES = (
    "userdeployments",
    "userdeployment",
    "usercodedeployments",
    "usercodedeployment",
    "dagsteruserdeployments",
    "dagsteruserdeployment",
    "dagsterusercodedeployments",
    "dagsterusercodedeployment",
)
_DEEPEST = 4
_MARKS = ("dagsterApiGrpcArgs", "codeServerArgs", "image", "includeConfigInLaunchedRuns")


@dataclass(frozen=True)
class Section:
    """The values of one user-deployments chart. `key` is their dotted path, "" for a chart of its own."""

    key: str
    item: Item
    near_miss: bool = False

    @property
    def is_subchart(self) -> bool:
        """Whether the official chart around it has switches for it."""
        return self.near_miss or self.key.rpartition(".")[2] == SUBCHART

    @property
    def around(self) -> str:
        """The dotted path of the official chart's values."""
        return self.key.rpartition(".")[0]

    @property
    def right_key(self) -> str:
        """The path that the chart reads."""
        if not self.near_miss:
            return self.key
        return f"{self.around}.{SUBCHART}" if self.around else SUBCHART


def find_sections(root: Item) -> list[Section]:
    """Every group of user deployments, outermost first."""
    found = [Section("", root)] if _has_deployments(root) else []
    for path, item in maps(root, _DEEPEST):
        for name, child in item.entries.items():
            key = f"{path}.{name}" if path else name
            if not any(_is_inside(key, each.key) for each in found) and (each := _section(key, name, child)):
                found.append(each)
    return found


def _section(key: str, name: str, item: Item) -> Section | None:
    if name == SUBCHART and isinstance(item.value, dict):
        return Section(key, item)
    if _plain(name) in _NEAR_MISSES and (_has_deployments(item) or _looks_like_deployments(item)):
        return Section(key, item, near_miss=True)
    return Section(key, item) if _has_deployments(item) else None


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def _is_inside(key: str, other: str) -> bool:
    return not other or key == other or key.startswith(f"{other}.")


def deployments_of(section: Section) -> Item | None:
    """The list or the map of deployments; of a near miss it may be the section itself."""
    found = entry(section.item, "deployments")
    if found is None and section.near_miss and _looks_like_deployments(section.item):
        return section.item
    return found


def _has_deployments(item: Item) -> bool:
    found = entry(item, "deployments")
    return found is not None and _looks_like_deployments(found)


def _looks_like_deployments(item: Item) -> bool:
    candidates = item.elements or tuple(item.entries.values())
    maps_of_it = [each for each in candidates if isinstance(each.value, dict)]
    return bool(maps_of_it) and all(any(mark in each.entries for mark in _MARKS) for each in maps_of_it)
