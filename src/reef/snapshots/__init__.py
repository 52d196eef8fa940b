"""Location snapshots: recorded answers of locations, on disk."""

from reef.snapshots.model import LocationSnapshot, RecordedRepository
from reef.snapshots.reader import SnapshotReader
from reef.snapshots.store import SnapshotStore, SnapshotStoreFull

__all__ = ["LocationSnapshot", "RecordedRepository", "SnapshotReader", "SnapshotStore", "SnapshotStoreFull"]
