"""One folder and its hosts for the tests of a module."""

from shared_hosts import folder, start

__all__ = ["folder", "start"]
