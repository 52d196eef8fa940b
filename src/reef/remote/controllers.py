"""What the chart told the controller of a namespace."""

from __future__ import annotations

from collections.abc import Mapping

from reef.cluster.kinds import DEPLOYMENT
from reef.remote.places import OURS
from reef.remote.reaching import Remote

NAME = "reef-controller"


async def told(remote: Remote) -> Mapping[str, str]:
    """Its environment variables that have a value; none where its Deployment may not be read."""
    for each in await remote.readable(DEPLOYMENT, OURS):
        if each["metadata"]["name"] == NAME:
            containers = each["spec"]["template"]["spec"]["containers"]
            return {
                one["name"]: one["value"]
                for container in containers
                for one in container.get("env") or ()
                if "value" in one
            }
    return {}
