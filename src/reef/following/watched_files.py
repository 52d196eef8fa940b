"""What of the disk concerns a location, links resolved: what the watcher has to hear of. Blocks; for a thread."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from reef.decide.watch import Followed, parent
from reef.sources import SourceRecord

MOST_LINKS = 40  # as many as the kernel follows


def footprint(records: Iterable[SourceRecord]) -> Followed:
    """Of everything that one of these records counts."""
    roots: set[str] = set()
    folders: set[str] = set()
    files: set[str] = set()
    excluded: set[str] = set()
    for record in records:
        roots |= {root.root for root in record.roots}
        folders |= {
            f"{root.root}/{path}" if path else root.root for root in record.roots for path in root.folders
        }
        folders |= set(record.folders)
        files |= {*record.files, *record.scope.files}
        excluded |= set(record.scope.excluded)
    links = _links(records, roots | files)
    return Followed(frozenset(roots), frozenset(folders), frozenset(files | links), frozenset(excluded))


def _links(records: Iterable[SourceRecord], paths: Iterable[str]) -> set[str]:
    """Links that lead to what counts, and what they lead to: when one is turned elsewhere, the content changes."""
    linked = [
        f"{root.root}/{path}"
        for record in records
        for root in record.roots
        for path, state in root.files.items()
        if state.digest.startswith("link ")
    ]
    above = {path for path in paths if os.path.realpath(path) != path}
    return {step for path in (*linked, *above) for step in steps(path)}


def steps(path: str) -> Iterator[str]:
    """Each symbolic link on the way from a path to the file that it means, and that file itself."""
    left = MOST_LINKS
    done, todo = "", path.strip("/").split("/")
    while todo:
        part = todo.pop(0)
        here = os.path.normpath(f"{done}/{part}")
        if left and os.path.islink(here):
            left -= 1
            yield here
            target = os.path.join(done or "/", os.readlink(here))
            done, todo = "", [*target.strip("/").split("/"), *todo]
        else:
            done = here if here != "/" else ""
    yield done


def existing(folders: Iterable[str]) -> frozenset[str]:
    """The folders that are there; for one that is not the nearest above it, where it would appear."""
    found: set[str] = set()
    for folder in folders:
        while folder != "/" and not os.path.isdir(folder):
            folder = parent(folder)
        if folder != "/":
            found.add(folder)
    return frozenset(found)
