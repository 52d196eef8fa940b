"""First-party source: which files are a location's, what they held, and whether they still do."""

from reef.sources.index import Checked, SourceIndex
from reef.sources.listing import Listing, TooManyFiles, source_files
from reef.sources.record import RootRecord, SourceRecord, SourceScope, changed_during, without
from reef.sources.scope import import_folders, own_names, scope_of, source_root

__all__ = [
    "Checked",
    "Listing",
    "RootRecord",
    "SourceIndex",
    "SourceRecord",
    "SourceScope",
    "TooManyFiles",
    "changed_during",
    "import_folders",
    "own_names",
    "scope_of",
    "source_files",
    "source_root",
    "without",
]
