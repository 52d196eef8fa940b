"""Whether a controller can do its work, for kubelet: as the leader, or as the one that would lead next."""

from __future__ import annotations

from typing import Protocol


class Lease(Protocol):
    """Of `cluster.lease.Leadership`."""

    @property
    def seen(self) -> bool: ...

    @property
    def trouble(self) -> str | None: ...


class Standing:
    """Who stands by is ready while it can ask for the lease; who leads, once it has looked at everything."""

    def __init__(self) -> None:
        self._lease: Lease | None = None
        self._leading = False
        self._trouble: str | None = None

    def waits_for(self, lease: Lease) -> None:
        self._lease, self._leading, self._trouble = lease, False, None

    def leads(self) -> None:
        self._leading, self._trouble = True, "it leads, and has not looked yet"

    def looked(self) -> None:
        self._trouble = None

    def cannot(self, why: str) -> None:
        """One sentence: what it cannot do now."""
        self._trouble = why

    def missing(self) -> tuple[str, ...]:
        """Lines for `/readyz`; none: it is ready."""
        if self._leading:
            return (self._trouble,) if self._trouble else ()
        if self._lease is None or not self._lease.seen:
            return ("it has not asked for the lease yet",)
        return (f"the lease cannot be asked for: {self._lease.trouble}",) if self._lease.trouble else ()
