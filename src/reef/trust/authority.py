"""Authorities and the certificates that they issue. Pure: PEM in, PEM out; every time is given, in unix seconds.

An authority is replaced without a moment at which a process trusts too little: its successor is trusted for a day
before it signs, and the old one for as long as anything that it signed is valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reef.peers.messages import Role
from reef.peers.roles import name_of
from reef.trust.pem import certificate_pem, key_pem, life_left, read_certificate, read_key

AUTHORITY_LIFE_S = 10 * 365 * 86400.0
LEAF_LIFE_S = 30 * 86400.0
RENEW_AT = 1 / 3  # of its life is left
KNOWN_FIRST_S = 86400.0  # a new authority is trusted everywhere for so long before it signs
BACKDATED_S = 3600.0  # clocks of nodes differ


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes


def make_authority(now: float) -> Pair:
    """Each has a name of its own: what it signed is then never held against another's key."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    name = _named(f"Reef {serial:040x}")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _begun(name, name, key, now, AUTHORITY_LIFE_S, serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate_pem(certificate), key_pem(key))


def issue(authority: Pair, role: Role, now: float) -> Pair:
    """A certificate for a role. Raises ValueError where the authority cannot be read."""
    issuer, signing = read_certificate(authority.certificate), read_key(authority.key)
    key = ec.generate_private_key(ec.SECP256R1())
    begun = _begun(_named(role), issuer.subject, key, now, LEAF_LIFE_S, x509.random_serial_number())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        begun.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name_of(role))]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
        .sign(signing, hashes.SHA256())
    )
    return Pair(certificate_pem(certificate), key_pem(key))


def must_renew(certificate: bytes, role: Role, signer: Pair, now: float) -> bool:
    """Whether another one must be issued: a third of its life is left, another authority signs now, or it is no
    certificate of this role at all."""
    try:
        found = read_certificate(certificate)
        found.verify_directly_issued_by(read_certificate(signer.certificate))
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return True
    named = names.get_values_for_type(x509.DNSName) == [name_of(role)]
    return not named or life_left(found, now) <= RENEW_AT


def cared_for(authorities: Sequence[Pair], now: float) -> tuple[Pair, ...]:
    """What they should be now, the oldest first: one more where there is none or the newest gets old; without those of
    which nothing that they signed is valid any more. Raises ValueError where one cannot be read."""
    found = sorted(authorities, key=_made_at)
    if not found or life_left(read_certificate(found[-1].certificate), now) <= RENEW_AT:
        found.append(make_authority(now))
    signs = found.index(signer(found, now))
    settled = now - _made_at(found[signs]) > KNOWN_FIRST_S + LEAF_LIFE_S
    return tuple(found[signs:] if settled else found)


def signer(authorities: Sequence[Pair], now: float) -> Pair:
    """Which one signs: the newest that is known everywhere, else the oldest."""
    known = [one for one in sorted(authorities, key=_made_at) if now - _made_at(one) >= KNOWN_FIRST_S]
    return known[-1] if known else min(authorities, key=_made_at)


def trusted(authorities: Sequence[Pair]) -> bytes:
    """All of them, as `ca.crt`."""
    return b"".join(one.certificate for one in sorted(authorities, key=_made_at))


def _made_at(authority: Pair) -> float:
    return read_certificate(authority.certificate).not_valid_before_utc.timestamp() + BACKDATED_S


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: float,
    life_s: float,
    serial: int,
) -> x509.CertificateBuilder:
    begins = datetime.fromtimestamp(now - BACKDATED_S, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(seconds=life_s))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
