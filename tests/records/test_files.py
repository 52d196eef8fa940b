"""Records in files on this machine's disk keep the contract."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract_suite_of_records import (
    EveryHistoryRecords,
    EveryJournalRecords,
    EveryKeptRecords,
    EveryServedRecords,
)

from reef.records.history_files import HistoryFiles
from reef.records.journal_file import JournalFile
from reef.records.kept_files import KeptFiles
from reef.records.served_files import ServedFiles
from reef.statedir import StateDir


class _Folder:
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path


class TestServedFiles(_Folder, EveryServedRecords):
    def opened(self) -> ServedFiles:
        return ServedFiles(StateDir(self.folder))


class TestKeptFiles(_Folder, EveryKeptRecords):
    def opened(self) -> KeptFiles:
        return KeptFiles(self.folder)


class TestHistoryFiles(_Folder, EveryHistoryRecords):
    def opened(self) -> HistoryFiles:
        return HistoryFiles(self.folder)


class TestJournalFile(_Folder, EveryJournalRecords):
    def opened(self) -> JournalFile:
        return JournalFile(self.folder / "deploy.json")
