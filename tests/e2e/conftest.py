"""One folder and its hosts for the tests of a module."""

from shared_hosts import folder, known_environments, start

__all__ = ["folder", "known_environments", "start"]
