"""Names of locations."""

from __future__ import annotations

from collections.abc import Iterable

from reef.errors import ReefError
from reef.fleet.model import Location


def is_name(name: str) -> bool:
    """Spaces, slashes and any letters are legal; what cannot be printed or be an argument of a process is not."""
    try:
        name.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return bool(name.strip()) and not any(ord(letter) < 32 or ord(letter) == 127 for letter in name)


def check_names(locations: Iterable[Location]) -> None:
    """Raises ReefError for what is no name, and where two locations have one name, with the place of both."""
    seen: dict[str, Location] = {}
    for location in locations:
        if not is_name(location.name):
            raise ReefError(
                f"{location.name!r} is no name for a location",
                where=location.where,
                hint="a name has at least one letter, and no control characters",
            )
        if first := seen.get(location.name):
            raise ReefError(
                f"two locations are called {location.name!r}: the first is at {first.where}",
                where=location.where,
                hint="give one of them another location_name",
            )
        seen[location.name] = location
