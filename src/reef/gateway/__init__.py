"""The gateway: listeners, lanes, and the calls that are held while a location wakes."""

from reef.gateway.address import ListenAddress
from reef.gateway.board import Board
from reef.gateway.gateway import Gateway
from reef.gateway.slots import CallLimits

__all__ = ["Board", "CallLimits", "Gateway", "ListenAddress"]
