"""Copies of first-party source, named by what they hold, and the trees from which an older version can run."""

from reef.copies.blobs import BlobStore, CopyFailed
from reef.copies.keepable import Listed, listed, why_not
from reef.copies.mapping import mapped
from reef.copies.trees import Damaged, Trees

__all__ = ["BlobStore", "CopyFailed", "Damaged", "Listed", "Trees", "listed", "mapped", "why_not"]
