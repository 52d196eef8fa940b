"""The CodeLocation resource: its models, the schema that follows from them, and its rules."""

from reef.kube.model.resource import CodeLocation
from reef.kube.model.spec import Spec

__all__ = ["CodeLocation", "Spec"]
