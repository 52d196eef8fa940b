"""The official Dagster chart's values: to CodeLocations, and back. What a chart's template does is known here."""
