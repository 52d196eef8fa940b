"""What code of a location imports of Reef: resources. It runs in the user's interpreter, beside Dagster, and
needs gRPC alone."""

from reef.dagster.errors import CallFailed, CallRefused, CallTimeout, ServiceBusy, ServiceUnavailable
from reef.dagster.shared_service import SharedService

__all__ = ["CallFailed", "CallRefused", "CallTimeout", "ServiceBusy", "ServiceUnavailable", "SharedService"]
