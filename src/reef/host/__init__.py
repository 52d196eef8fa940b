"""One host: everything of `reef up` and `reef serve` put together."""

from reef.host.run import run_host

__all__ = ["run_host"]
