"""Which certificate is issued when, and that a rotation leaves nobody alone. In given times, with real certificates."""

from __future__ import annotations

from typing import cast

import pytest
from cryptography import x509

from reef.peers.messages import Role
from reef.peers.roles import name_of, role_of
from reef.trust.authority import (
    AUTHORITY_LIFE_S,
    LEAF_LIFE_S,
    Pair,
    cared_for,
    issue,
    make_authority,
    must_renew,
    signer,
    trusted,
)
from reef.trust.pem import read_certificate

NOW = 1_800_000_000.0
DAY_S = 86400.0
ROLES = cast("tuple[Role, ...]", ("controller", "gateway", "pack"))


@pytest.mark.parametrize("role", ROLES)
def test_a_certificate_names_its_role_and_is_of_its_authority(role: Role) -> None:
    authority = make_authority(NOW)
    found = read_certificate(issue(authority, role, NOW).certificate)
    found.verify_directly_issued_by(read_certificate(authority.certificate))
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [name_of(role)]
    assert role_of({"x509_subject_alternative_name": [name_of(role).encode()]}) == role
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_certificate_is_renewed_at_a_third_of_its_life() -> None:
    authority = make_authority(NOW)
    leaf = issue(authority, "pack", NOW).certificate
    for days, wanted in {0: False, 15: False, 19: False, 21: True, 31: True}.items():
        assert must_renew(leaf, "pack", authority, NOW + days * DAY_S) is wanted, days


def test_what_is_no_certificate_of_this_role_and_signer_is_renewed() -> None:
    authority, other = make_authority(NOW), make_authority(NOW)
    leaf = issue(authority, "pack", NOW).certificate
    assert must_renew(leaf, "gateway", authority, NOW)
    assert must_renew(leaf, "pack", other, NOW)
    for damaged in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", leaf[:-40]):
        assert must_renew(damaged, "pack", authority, NOW)


def test_the_first_authority_signs_at_once() -> None:
    authorities = cared_for((), NOW)
    assert len(authorities) == 1
    assert signer(authorities, NOW) == authorities[0]
    assert cared_for(authorities, NOW + DAY_S) == authorities


def test_over_a_whole_rotation_everybody_trusts_everybody() -> None:
    """Each day the controller looks. A process has the files of a day ago, and certificates live for thirty days."""
    authorities = cared_for((), NOW)
    first = authorities[0]
    seen = [authorities]
    leaves = list[tuple[float, bytes]]()
    begin = AUTHORITY_LIFE_S * 2 / 3 - 5 * DAY_S
    for day in range(60):
        now = NOW + begin + day * DAY_S
        authorities = cared_for(authorities, now)
        seen.append(authorities)
        leaves.append((now + LEAF_LIFE_S, issue(signer(authorities, now), "pack", now).certificate))
        for known in seen[-2:]:
            for ends, leaf in leaves:
                assert ends < now or _is_trusted(leaf, known), day
    assert [len(each) for each in seen].count(2) > 30
    assert len(authorities) == 1
    assert authorities[0] != first


def test_a_new_authority_is_known_for_a_day_before_it_signs() -> None:
    old = make_authority(NOW)
    then = NOW + AUTHORITY_LIFE_S * 0.7
    authorities = cared_for((old,), then)
    assert len(authorities) == 2
    assert signer(authorities, then) == old
    assert signer(authorities, then + DAY_S) == authorities[1]
    assert trusted(authorities) == old.certificate + authorities[1].certificate
    assert must_renew(issue(old, "pack", then).certificate, "pack", authorities[1], then)


def _is_trusted(leaf: bytes, authorities: tuple[Pair, ...]) -> bool:
    issuer = read_certificate(leaf).issuer
    return any(read_certificate(each.certificate).subject == issuer for each in authorities)
