"""A location snapshot in memory: the recorded answers of one version of a location's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RecordedRepository:
    """Raw replies of one repository.

    `reply` is the ExternalRepositoryReply with job data inside, None where that exceeds the message limit; then
    `deferred` is the reply without. A job's JSON is a part of `reply` (`spans`: start and end) or stands alone
    (`jobs`). `error` says that the repository itself is an error, which is served as it is.
    """

    name: str
    reply: bytes | None
    deferred: bytes | None = None
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    jobs: Mapping[str, bytes] = field(default_factory=dict)
    error: bool = False


@dataclass(frozen=True)
class LocationSnapshot:
    """`listed` and `image` are the raw replies of ListRepositories and GetCurrentImage."""

    listed: bytes
    repositories: tuple[RecordedRepository, ...]
    image: bytes | None = None
