"""An image of the chart's values, and as one name. Pure."""

from __future__ import annotations


def image_name(repository: str, tag: str) -> str:
    """As the chart writes it. A digest is a repository that ends in @sha256 with its hex as the tag."""
    return f"{repository}:{tag}"


def image_parts(image: str) -> tuple[str, str]:
    """Repository and tag, which make the same name again; a name without a tag means `latest`."""
    head, colon, tag = image.rpartition(":")
    if colon and "/" not in tag:
        return head, tag
    return image, "latest"
