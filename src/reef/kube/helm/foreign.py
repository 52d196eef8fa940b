"""Files that are no values of Dagster's chart: what each is, by what is in it."""

from __future__ import annotations

from reef.errors import ReefError
from reef.fleet.document import Item
from reef.kube.helm.section import SUBCHART
from reef.kube.helm.tree import entry, maps

_CHART = (
    "dagsterWebserver",
    "dagsterWebServer",
    "dagit",
    "dagsterDaemon",
    "runLauncher",
    "computeLogManager",
    "dagsterHome",
    "generatePostgresqlPasswordSecret",
    "runCoordinator",
)
# A key that one chart has and hardly another, and what it is then.
_OTHERS = (
    ("dagsterCloud", "values of the Dagster+ agent's chart, which has no code locations in it"),
    ("dagsterCloudAgent", "values of the Dagster+ agent's chart, which has no code locations in it"),
    ("airflowHome", "values of an Airflow chart"),
    ("airflow", "values of an Airflow chart"),
    ("airflowVersion", "values of an Airflow chart"),
    ("prefectTag", "values of a Prefect chart"),
    ("argo-cd", "values of an Argo CD chart"),
    ("releases", "a helmfile; `helmfile write-values` writes the values of each release"),
    ("services", "a Compose file"),
    ("load_from", "a workspace.yaml: `reef import workspace` reads it"),
    (
        "locations",
        "a list of locations: `reef import dagster-cloud` reads one of Dagster+, `reef render` a reef.yaml",
    ),
)


def foreign(root: Item) -> ReefError:
    """The error that says what a document without user deployments is."""
    if not isinstance(root.value, dict):
        what = "is empty" if root.value is None else "is no map of values"
        return root.error(what, "give a values file of the official Dagster chart")
    if (kind := entry(root, "kind")) and entry(root, "apiVersion"):
        return root.error(f"is a Kubernetes object of kind {kind.value}, not values of a chart")
    if entry(root, "apiVersion") and entry(root, "name") and entry(root, "version"):
        return root.error("is a Chart.yaml; the values are in the values.yaml beside it")
    for key, what in _OTHERS:
        if key in root.entries:
            return root.entries[key].error(f"makes this {what}")
    if any(name in item.entries for _, item in maps(root, 3) for name in (*_CHART, SUBCHART)):
        return root.error(
            "has no user deployments: dagster-user-deployments.deployments is not there, or is empty",
            "give all values files, as `helm -f A -f B` has them; without any, the chart runs its own example",
        )
    keys = ", ".join(list(root.entries)[:8]) or "nothing"
    return root.error(
        f"has nothing of Dagster's chart: it has {keys}",
        "the chart has its code locations in dagster-user-deployments.deployments",
    )
