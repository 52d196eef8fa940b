"""What a shared service and its callers agree on: the call over gRPC, and the variables by which it is found.

Code of locations imports it too, so it needs nothing. `guest/service_calls.py` has a copy of the call's name and size.
"""

from __future__ import annotations

METHOD = "/reef.SharedService/Call"
MOST_BYTES = 64 << 20  # of one message
SIZES = (("grpc.max_receive_message_length", MOST_BYTES), ("grpc.max_send_message_length", MOST_BYTES))
FOLDER = "REEF_SERVICES"  # of the sockets; Reef sets it for every location, and runs inherit it


def variable_of(name: str) -> str:
    """REEF_SERVICE_NAME, the address of one service; locations on Kubernetes and their runs have it."""
    return "REEF_SERVICE_" + name.upper().replace("-", "_")
