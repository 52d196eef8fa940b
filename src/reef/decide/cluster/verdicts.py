"""What is known of a version before it is decided on: it was tried, it was refused, a person went back to it."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_RETRY_S = 30.0
LAST_RETRY_S = 900.0


@dataclass(frozen=True)
class RefusedVersion:
    """A version that is not served. `at` is unix seconds, `times` how often it was tried. `final`: it is tried again
    only where somebody asks for it."""

    reason: str
    message: str
    at: float
    times: int = 1
    final: bool = False

    @property
    def again_at(self) -> float | None:
        """When it is tried again by itself; None: never."""
        if self.final:
            return None
        return self.at + min(FIRST_RETRY_S * 2.0 ** min(self.times - 1, 10), LAST_RETRY_S)


@dataclass(frozen=True)
class Tried:
    """What the host of a probe pod said of one version, and when (unix seconds); `failed` None: it loads."""

    version: str
    at: float
    failed: str | None = None


@dataclass(frozen=True)
class Pin:
    """A person took a location back to `version`. That holds while the location asks for `instead_of`."""

    version: str
    instead_of: str


def wanted_version(asked: str, pin: Pin | None) -> str:
    """Whatever is asked for anew ends a pin."""
    return pin.version if pin and pin.instead_of == asked else asked
