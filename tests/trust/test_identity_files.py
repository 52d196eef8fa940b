"""What a process does with the files of its folder."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from mutual import given, write

from reef.errors import ReefError
from reef.trust.authority import issue, make_authority, trusted
from reef.trust.files import IdentityFiles, read_identity

NOW = time.time()
CA = make_authority(NOW)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    folder = given(tmp_path, CA, "pack", NOW)
    for name, content, why in (
        ("tls.crt", b"nonsense", "must be a certificate"),
        ("tls.key", b"nonsense", "must be a private key"),
        ("tls.key", issue(CA, "pack", NOW).key, "is not the key of tls.crt beside it"),
        ("ca.crt", None, "cannot be read: No such file"),
    ):
        path = folder / name
        before = path.read_bytes()
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ReefError, match=why) as raised:
            read_identity(folder)
        assert str(path) in str(raised.value)
        assert "hint: " in str(raised.value)
        path.write_bytes(before)


def test_damaged_files_leave_the_identity_before(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = given(tmp_path, CA, "pack", NOW)
    files = IdentityFiles(folder)
    before = files.current()
    (folder / "tls.key").unlink()
    assert files.current() is files.current() is before
    assert [record.getMessage() for record in caplog.records] == [
        f"the certificate before is used on: {folder}/tls.key cannot be read: No such file or directory"
    ]
    (folder / "tls.key").symlink_to("..data/tls.key")
    renewed = issue(CA, "pack", NOW)
    write(folder, renewed, trusted((CA,)))
    assert files.current().certificate == renewed.certificate
