"""What the chart gives to all of its user deployments, beside what each says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from reef.fleet.document import Item
from reef.kube.findings import Finding, about
from reef.kube.helm.section import SUBCHART, Section
from reef.kube.helm.tree import entry, text
from reef.kube.model.parts import Instance, SecretKey
from reef.kube.model.pods import Reference

HOME = "/opt/dagster/dagster_home"
POSTGRESQL_SECRET = "dagster-postgresql-secret"  # noqa: S105  a name
POSTGRESQL_KEY = "postgresql-password"
CELERY_SECRET = "dagster-celery-config-secret"  # noqa: S105  a name

_READ = (
    "enabled",
    "enableSubchart",
    "deployments",
    "imagePullSecrets",
    "serviceAccount",
    "rbacEnabled",
    "nameOverride",
    "fullnameOverride",
    "dagsterHome",
    "postgresqlSecretName",
    "celeryConfigSecretName",
    "global",
)


@dataclass(frozen=True)
class Options:
    """What a person says beside the files. `images` is by name of a deployment."""

    release: str = ""
    namespace: str | None = None
    chart_version: str | None = None
    images: dict[str, str] = field(default_factory=dict)
    literal: bool = False


@dataclass(frozen=True)
class Chart:
    """One section's common settings, resolved as the chart's helpers resolve them."""

    section: Section
    options: Options
    fullname: str
    service_account: str
    account_is_global: bool
    instance: Instance
    pull_secrets: list[Reference] | None


def read_chart(section: Section, root: Item, options: Options) -> Chart:
    """The common settings of a section in its values."""
    world = _Globals(section, root)
    fullname = _fullname(world, options.release)
    shared = world.value("serviceAccountName")
    account = shared or text(section.item, "serviceAccount", "name")
    return Chart(
        section=section,
        options=options,
        fullname=fullname,
        service_account=account or f"{fullname}-user-deployments",
        account_is_global=shared is not None,
        instance=Instance(
            home=world.setting("dagsterHome") or HOME,
            postgresqlSecret=SecretKey(
                name=world.setting("postgresqlSecretName") or POSTGRESQL_SECRET,
                key=world.value("postgresqlSecretPasswordKey") or POSTGRESQL_KEY,
            ),
            celeryConfigSecret=world.setting("celeryConfigSecretName") or CELERY_SECRET,
            runEnvConfigMap=f"{fullname}-pipeline-env",
        ),
        pull_secrets=_pull_secrets(section.item),
    )


def section_findings(section: Section) -> list[Finding]:
    """What a section says that has no place in a CodeLocation."""
    found = []
    for name, item in section.item.entries.items():
        empty = item.value in (None, [], {}, "")
        if name == "extraManifests" and not empty and not _is_root(section):
            found.append(
                about("lost", item, "they go when the sub-chart is switched off: keep them elsewhere")
            )
        elif name not in _READ and not empty and section.is_subchart and not section.near_miss:
            found.append(about("lost", item, "the chart does not know it, and neither does Reef"))
    if (switch := entry(section.item, "enabled")) and switch.value is False:
        found.append(about("changed", switch, "they are switched off; their CodeLocations are not"))
    elif (switch := entry(section.item, "enableSubchart")) and switch.value is False:
        found.append(about("changed", switch, "this release does not run them; another one may"))
    return found


def _is_root(section: Section) -> bool:
    return not section.key


@dataclass(frozen=True)
class _Globals:
    """`global` of the root wins over that of a chart below it, as in Helm."""

    section: Section
    root: Item

    def value(self, name: str) -> str | None:
        parts = self.section.key.split(".") if self.section.key else []
        for depth in range(len(parts) + 1):
            if found := text(self.root, *parts[:depth], "global", name):
                return found
        return None

    def setting(self, name: str) -> str | None:
        return self.value(name) or text(self.section.item, name)


def _fullname(world: _Globals, release: str) -> str:
    own = world.section.item
    if override := world.value("fullnameOverride") or text(own, "fullnameOverride"):
        return override[:63].rstrip("-")
    return plain_fullname(release, world.value("nameOverride") or text(own, "nameOverride") or SUBCHART)


def plain_fullname(release: str, name: str = SUBCHART) -> str:
    """How the names of the sub-chart's objects begin."""
    return (release if name in release else f"{release}-{name}")[:63].rstrip("-")


def _pull_secrets(item: Item) -> list[Reference] | None:
    found = entry(item, "imagePullSecrets")
    if found is None or not found.elements:
        return None
    names = [text(each, "name") if each.entries else text(each) for each in found.elements]
    return [Reference(name=name) for name in names if name]
