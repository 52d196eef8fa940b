"""`reef sleep LOCATION...`"""

from __future__ import annotations

from reef.cli.act import action

command = action("sleep", "End the idle server of LOCATIONS; a call wakes it again.", "ending")
