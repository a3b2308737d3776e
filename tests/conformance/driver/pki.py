"""CAs and clients for the project's own cases, made anew for every run."""

import datetime
import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

# The moment that cases are judged at, in the middle of what is valid: that of the run, because OCSP responses and
# tickets say when they were made.
TIME = int(time.time())
DAY = 86_400
UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


def moment(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def name(common: str | None, organization: str | None = "Example") -> x509.Name:
    parts = [(NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common)]
    # Unchecked: hostile names are what some cases are about.
    return x509.Name(
        [
            x509.NameAttribute(oid, value, _validate=False)
            for oid, value in parts
            if value is not None
        ]
    )


@dataclass(frozen=True)
class Certified:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def spki(self) -> str:
        """The key as a registry names it."""
        public = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        digest = hashes.Hash(hashes.SHA256())
        digest.update(public)
        return f"spki:sha256:{digest.finalize().hex()}"


# What a person's certificate names besides the subject: one of every kind.
MANY_NAMES: Sequence[x509.GeneralName] = (
    x509.RFC822Name("alice@example.com"),
    x509.RFC822Name("alice@example.org"),
    x509.DNSName("alice.example.com"),
    x509.UniformResourceIdentifier("spiffe://example.com/alice"),
    x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
    x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
    x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ålice")])),
    x509.RegisteredID(ObjectIdentifier("1.2.3.4")),
    x509.OtherName(UPN, b"\x0c\x11alice@example.net"),
)


class Pki:
    """A root, an intermediate CA below it, another root, and what they issue."""

    def __init__(self) -> None:
        years = (-3650, 3650)
        self.root = issue(name("Root"), ca=True, days=years)
        self.intermediate = issue(name("Intermediate"), self.root, ca=True, days=years)
        self.other_root = issue(name("Other root"), ca=True, days=years)
        self.alice = issue(name("alice"), self.root, names=MANY_NAMES)
        self.bob = issue(name("bob"), self.intermediate)
        self.nameless = issue(
            x509.Name([]), self.root, names=[x509.RFC822Name("carol@example.com")]
        )
        self.expired = issue(name("carol"), self.root, days=(-20, -10))
        self.not_yet_valid = issue(name("dave"), self.root, days=(10, 20))
        self.foreign = issue(name("alice", "Elsewhere"), self.other_root)
        self.foreign_expired = issue(name("mallory", None), self.other_root, days=(-20, -10))
        self.server = issue(name("www.example.com"), self.root, eku=ExtendedKeyUsageOID.SERVER_AUTH)
        self.self_signed = issue(name("alice"))
        self.weak = issue(name("erin"), self.root, key=rsa.generate_private_key(65537, 1024))
        self.rsa = issue(name("frank"), self.root, key=rsa.generate_private_key(65537, 2048))
        # A NUL, a line end, a blank at the end, what hides or reorders text, and no ASCII.
        self.hostile = issue(
            name("admin\0.example.com\r\nX-User: root\u202egnp\u200b\u00e9 "), self.root
        )
        self.not_utf8 = patched(
            issue(name("PLACEHOLDER"), self.root), b"PLACEHOLDER", b"\xff\xfe\x80ACEHOLDER"[:11]
        )
        self.revoked = issue(name("grace"), self.root)


def issue(
    subject: x509.Name,
    issuer: Certified | None = None,
    *,
    ca: bool = False,
    key: Key | None = None,
    days: tuple[int, int] = (-100, 100),
    names: Sequence[x509.GeneralName] = (),
    eku: ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
) -> Certified:
    """A certificate by an issuer, or by itself, that is valid between two days from TIME."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment(TIME + days[0] * DAY))
        .not_valid_after(moment(TIME + days[1] * DAY))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(key_usage(ca), critical=True)
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([eku]), critical=False)
        builder = builder.add_extension(
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.OCSP,
                        x509.UniformResourceIdentifier("http://ocsp.example.com/"),
                    )
                ]
            ),
            critical=False,
        )
    if names:
        empty = not list(subject)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=empty)
    return Certified(builder.sign(signer, hashes.SHA256()), key)


def crl(
    issuer: Certified, revoked: Sequence[Certified], *, days: tuple[int, int] = (-1, 6)
) -> bytes:
    """The DER of a CRL, issued and due between two days from TIME."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(moment(TIME + days[0] * DAY))
        .next_update(moment(TIME + days[1] * DAY))
        .add_extension(x509.CRLNumber(7), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
    )
    for certified in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(certified.certificate.serial_number)
            .revocation_date(moment(TIME - 2 * DAY))
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            .build()
        )
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def ocsp_response(issuer: Certified, subject: Certified, *, revoked: bool) -> bytes:
    """What a responder says of a certificate at TIME."""
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=subject.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA1(),
        cert_status=status,
        this_update=moment(TIME - DAY),
        next_update=moment(TIME + DAY),
        revocation_time=moment(TIME - 2 * DAY) if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def key_usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def patched(certified: Certified, old: bytes, new: bytes) -> bytes:
    """The DER with some bytes replaced, which its signature does not cover any more."""
    assert len(old) == len(new)
    assert old in certified.der
    return certified.der.replace(old, new)
