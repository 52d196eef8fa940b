"""What runs beside the host under `reef up`: Dagster's own webserver and daemon, and their instance."""
