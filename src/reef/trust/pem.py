"""Certificates and keys as PEM, the form in which Secrets and files hold them."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reef.words import describe


def certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_certificate(pem: bytes) -> x509.Certificate:
    """The first one. Raises ValueError."""
    return x509.load_pem_x509_certificate(pem)


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Raises ValueError for what is not a key on an elliptic curve."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:  # it asks for a password
        raise ValueError(describe(error)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not a key on an elliptic curve")
    return key


def life_left(certificate: x509.Certificate, now: float) -> float:
    """From 1 at its beginning to 0 at its end, and below 0 afterwards. `now` in unix seconds."""
    begins = certificate.not_valid_before_utc.timestamp()
    ends = certificate.not_valid_after_utc.timestamp()
    return (ends - now) / (ends - begins)
