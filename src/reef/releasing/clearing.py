"""What nothing that is served or kept needs any more goes from the stores."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from reef.locations.place import CodeLocation
from reef.records.contents import ContentMaps
from reef.records.module_lists import ModuleLists
from reef.releasing.keeping import Keeper
from reef.snapshots import SnapshotStore


class Clearer:
    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        keeper: Keeper,
        store: SnapshotStore,
        lists: ModuleLists,
        contents: ContentMaps,
    ) -> None:
        self._places = places
        self._keeper = keeper
        self._store = store
        self._lists = lists
        self._contents = contents

    async def clear(self) -> None:
        places = list(self._places.values())
        now = [(place.name, place.served.version if place.served else None) for place in places]
        kept = await self._keeper.clear(now)
        needed = [*kept, *(place.served for place in places if place.served)]
        self._store.keep([one.snapshot for one in needed if one.snapshot])
        self._lists.keep([one.modules for one in needed if one.modules])
        contents = [one.contents for one in needed if one.contents]
        await asyncio.to_thread(self._contents.keep, contents)
