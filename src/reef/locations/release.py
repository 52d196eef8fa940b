"""What is released of a code location: the version that is served, and what its last loads came to."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from reef.locations.hours import MOST_LOADS, in_last_hour
from reef.records.served import Promoted, Refused, ServedRecord
from reef.versions.contract import Stamp


@dataclass(frozen=True)
class Tried:
    """Newer code that does not load, while an older version is served. `error` as ListRepositories would say it."""

    stamp: Stamp
    error: str


@dataclass
class Release:
    """Changed by `releasing` alone. Times are monotonic seconds unless they say otherwise."""

    served: ServedRecord | None = None
    # By the last load that was refused, None once something is promoted.
    tried: Tried | None = None
    # Of the newest code, while an older version is served.
    load_error: str | None = None
    # Why the served version could not be rolled back to.
    not_kept: str | None = None
    # Held by who loads it, or changes what is served.
    probing: asyncio.Lock = field(default_factory=asyncio.Lock)
    probes: int = 0
    # By the last probe, None while it runs.
    probed: Promoted | Refused | None = None
    # When the last probe began.
    probed_at: float = -1.0
    loads_slowly: asyncio.Event = field(default_factory=asyncio.Event)
    # Unix seconds: when its answers were last seen to be what is served.
    seen_at: float = 0.0
    # Answers that changed too often are looked at again then.
    held_back_until: float | None = None
    # External and standing: as last polled.
    real_server_id: str | None = None
    _loads: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_LOADS))

    # -- what others may ask -----------------------------------------------------------------------

    @property
    def pinned(self) -> str | None:
        """Why it is kept as it is, whatever lies in its folder; None where it is not."""
        return self.served.pinned if self.served is not None else None

    @property
    def loads_what_is_served(self) -> bool:
        """Definitions are served, not a load error."""
        return self.served is not None and self.served.load_error is None

    def stamp(self) -> Stamp | None:
        """Of what is served."""
        served = self.served
        if served is None:
            return None
        return Stamp(served.version, served.environment, served.settings, served.sources)

    def stamps(self) -> tuple[Stamp, ...]:
        """Of what was last loaded, whether it is served or not, then of what is served."""
        tried = self.tried.stamp if self.tried is not None else None
        return tuple(stamp for stamp in (tried, self.stamp()) if stamp is not None)

    def recorded_at(self) -> float:
        """Unix seconds: since when its answers are known to be what is served; 0 for never."""
        return max(self.served.recorded_at, self.seen_at) if self.served is not None else 0.0

    def loads_last_hour(self, now: float) -> int:
        return in_last_hour(self._loads, now)

    # -- what changes it ---------------------------------------------------------------------------

    def recall(self, served: ServedRecord | None, load_error: str | None, not_kept: str | None) -> None:
        """As an earlier host left it."""
        self.served, self.load_error, self.not_kept = served, load_error, not_kept

    def begin_probe(self, now: float) -> None:
        self.probes += 1
        self.probed_at = now
        self.probed = None

    def begin_kept(self) -> None:
        """A kept version is probed: nobody else may take the result for theirs."""
        self.probes += 1

    def note_load(self, now: float) -> None:
        """Its code begins to be loaded beside what is served."""
        self._loads.append(now)

    def note_slow(self) -> None:
        self.loads_slowly.set()

    def end_probe(self, result: Promoted | Refused | None) -> None:
        """`result` is what others who asked meanwhile may take for theirs."""
        self.probed = result

    def refuse(self, tried: Tried, text: str) -> None:
        """Newer code does not load; what is served stays."""
        self.tried = tried
        self.load_error = text

    def note_error(self, text: str | None) -> None:
        """What the newest code came to; None where it loads."""
        self.load_error = text

    def promote(self, new: ServedRecord) -> ServedRecord | None:
        """It is served from now on; what was before."""
        self.tried = None
        before, self.served = self.served, new
        return before

    def pin(self, record: ServedRecord) -> None:
        """The same version, pinned or no longer pinned."""
        self.served = record

    def keep(self, not_kept: str | None) -> None:
        self.not_kept = not_kept

    def see(self, unix_s: float) -> None:
        """Its answers are what is served."""
        self.seen_at = unix_s

    def hold_back(self, until: float | None) -> None:
        self.held_back_until = until

    def meet(self, real_server_id: str | None) -> None:
        """Who an external or standing server says that it is; None where it does not answer."""
        self.real_server_id = real_server_id
