"""What a call of a shared service may end with."""

from __future__ import annotations


class ServiceCallError(Exception):
    """The class of them all."""


class CallFailed(ServiceCallError):
    """The function raised. `type` is the class of what it raised, `trace` its trace there."""

    def __init__(self, function: str, type_: str, message: str, trace: str) -> None:
        super().__init__(f"{function} raised {type_}: {message}")
        self.type, self.trace = type_, trace


class CallRefused(ServiceCallError):
    """The function is not offered, does not take these arguments, or they are no plain data."""


class CallTimeout(ServiceCallError):
    """It did not answer in time."""


class ServiceBusy(ServiceCallError):
    """As many calls as may wait were waiting, until the time was over."""


class ServiceUnavailable(ServiceCallError):
    """Nobody listens, its process does not start, or it ended during the call."""
