"""What a location imports, read from its source without running it: for plans where nothing runs."""

from reef.importgraph.changes import Changes
from reef.importgraph.footprint import dbt_files, footprint_of
from reef.importgraph.model import Footprint, Unclear
from reef.importgraph.tree import Tree
from reef.importgraph.walk import Reached

__all__ = ["Changes", "Footprint", "Reached", "Tree", "Unclear", "dbt_files", "footprint_of"]
