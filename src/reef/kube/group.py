"""The API group of Reef's resources. Its name stands here and nowhere else."""

from __future__ import annotations

GROUP = "dagster-reef.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "CodeLocation"
PLURAL = "codelocations"
SINGULAR = "codelocation"

# Where in the chart's values a location came from: the dotted path of `deployments`' parent, "" for its root.
HELM_KEY = f"{GROUP}/helm-key"
# `map` where the values had `deployments` as a map.
HELM_FORM = f"{GROUP}/helm-deployments"
