"""What every deploy of a host works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reef.events import Events
from reef.locations.place import CodeLocation
from reef.releasing.contract import Environments
from reef.releasing.pins import Pins
from reef.releasing.promotions import Promotions
from reef.releasing.releaser import Releaser
from reef.releasing.rollback import Rollback


@dataclass(frozen=True)
class Means:
    places: Mapping[str, CodeLocation]
    environments: Environments
    releaser: Releaser
    promotions: Promotions
    pins: Pins
    rollback: Rollback
    events: Events
