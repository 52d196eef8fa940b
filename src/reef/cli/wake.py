"""`reef wake LOCATION...`"""

from __future__ import annotations

from reef.cli.act import action

command = action("wake", "Start the server of LOCATIONS now.", "starting")
