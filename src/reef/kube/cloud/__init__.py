"""Dagster+ files: `dagster_cloud.yaml`, `build.yaml` and the container context in them, as CodeLocations."""
