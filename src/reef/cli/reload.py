"""`reef reload LOCATION...`"""

from __future__ import annotations

from reef.cli.act import action

command = action(
    "reload",
    "Load the code of LOCATIONS again if it changed (or did not load), and serve it if it loads.",
    "loading",
)
