"""What the host is to serve: from the file of its ConfigMap, or newer from the controller, which is kept."""

from __future__ import annotations

import logging
from pathlib import Path

from reef.errors import ReefError
from reef.peers.messages import PackConfig
from reef.peers.pack_config import from_json, to_json
from reef.statedir import write_atomic
from reef.words import describe, fault

log = logging.getLogger("reef.packs")

KEPT = "pack.json"


class Configurations:
    """Both files. All methods block."""

    def __init__(self, given: Path, state: Path) -> None:
        self._given = given
        self._kept = state / KEPT

    def newest(self) -> PackConfig | None:
        """None where nobody has said anything yet. Raises ReefError for a file that cannot be used, where nothing was
        kept that can."""
        kept = self._read_kept()
        try:
            given = _read(self._given)
        except ReefError as error:
            if kept is None:
                raise
            log.error("%s; going on with generation %d, which was kept", error.message, kept.generation)
            return kept
        if kept is None or (given is not None and given.generation > kept.generation):
            return given
        return kept

    def _read_kept(self) -> PackConfig | None:
        try:
            return _read(self._kept)
        except ReefError as error:
            log.warning("%s; it is passed over", error.message)
            return None

    def keep(self, config: PackConfig) -> None:
        """A host that starts again goes on with it. Raises OSError."""
        write_atomic(self._kept, to_json(config))


def _read(path: Path) -> PackConfig | None:
    try:
        return from_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ReefError(f"{path} cannot be read: {fault(error)}") from None
    except ValueError as error:
        raise ReefError(
            f"{path} is no configuration of a pack: {describe(error)}",
            hint="the controller writes it: are both of one version of Reef?",
        ) from None
