"""What is in each container of a pack, as its ReplicaSet tells it; so that nothing has to be remembered elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reef.kube.objects.meta import digest
from reef.kube.objects.reef_parts import SHARED_VOLUMES
from reef.kube.seen.state import Content


def contents(template: Mapping[str, Any], members: Mapping[str, Mapping[str, str]]) -> dict[str, Content]:
    """Of the pod template that was made. `members`: container -> its locations, with digests. Settings are a container
    without its image, with the volumes that it mounts."""
    spec = template["spec"]
    volumes = {each["name"]: each for each in spec["volumes"]}
    found = {}
    for each in spec["containers"]:
        if each["name"] in members:
            mounted = [volumes.get(mount["name"]) for mount in each["volumeMounts"]]
            settings = digest([{**each, "image": ""}, mounted])
            found[each["name"]] = Content(settings, each["image"], dict(members[each["name"]]))
    return found


def made_from(template: Mapping[str, Any], found: Mapping[str, Content]) -> str:
    """Of a pod template, but for the images of locations, the order of its containers, and its ConfigMap's name."""
    plain = {name: value for name, value in template["spec"].items() if name not in ("containers", "volumes")}
    own = [each for each in template["spec"]["containers"] if each["name"] not in found]
    volumes = [each for each in template["spec"]["volumes"] if each["name"] in SHARED_VOLUMES]
    settings = sorted((name, each.settings) for name, each in found.items())
    return digest([template.get("metadata", {}), plain, own, volumes, settings])


def text(found: Mapping[str, Content]) -> str:
    """For the annotation; the images are in the template."""
    plain = {
        name: [each.settings, dict(sorted(each.members.items()))] for name, each in sorted(found.items())
    }
    return json.dumps(plain, separators=(",", ":"))


def read(annotation: str, images: Mapping[str, str]) -> dict[str, Content]:
    """What `text` wrote; empty where somebody wrote something else."""
    try:
        plain = json.loads(annotation)
        return {
            name: Content(str(settings), images.get(name, ""), {**members})
            for name, (settings, members) in plain.items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}
