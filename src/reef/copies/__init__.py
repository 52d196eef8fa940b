"""Copies of first-party source, named by what they hold, and the trees from which an older version can run."""

from reef.copies.blobs import BlobStore, CopyFailed
from reef.copies.keepable import Listed, beside, listed, why_not
from reef.copies.mapping import mapped
from reef.copies.trees import Damaged, Trees, key_of

__all__ = [
    "BlobStore",
    "CopyFailed",
    "Damaged",
    "Listed",
    "Trees",
    "beside",
    "key_of",
    "listed",
    "mapped",
    "why_not",
]
