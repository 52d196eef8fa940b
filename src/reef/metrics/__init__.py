"""What Reef tells Prometheus, and the dashboards and alerts that are made from it.

Here belongs what counts, measures or names for a scraper; nothing here decides, and nobody waits for it.
"""

from reef.metrics.metrics import Metrics

__all__ = ["Metrics"]
