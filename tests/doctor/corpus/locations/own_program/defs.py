import subprocess
import dagster as dg

revision = subprocess.run(["echo", "1"], capture_output=True).stdout  # blame: any kind=process memory=no

@dg.asset
def revised():
    return revision

defs = dg.Definitions(assets=[revised])
