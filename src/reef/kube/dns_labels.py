"""Names of objects for names of locations."""

from __future__ import annotations

from reef.kube.model.resource import label_of


class Labels:
    """A DNS label for each name, none twice. Names that are labels keep theirs."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def label(self, name: str) -> str:
        """The label of one more name. Raises ReefError where no letter of it can be in one."""
        wished = label_of(name)
        label, number = wished, 1
        while label in self._taken:
            number += 1
            suffix = f"-{number}"
            label = wished[: 63 - len(suffix)].rstrip("-") + suffix
        self._taken.add(label)
        return label
