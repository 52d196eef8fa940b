"""One host: everything of `reef up` and `reef serve` put together, and what follows the fleet's file.

A module belongs here if it must see several rooms at once. No room may import this one.
"""

from reef.host.run import run_host

__all__ = ["run_host"]
