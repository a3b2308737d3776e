"""The demo's CAs and clients (scripts/pki), and what servers need beyond them: revoked clients, CRLs, names, a registry."""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from support.project import ROOT, clientcert, run

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)

# Names of the server's certificate, for hosts that share an address.
SERVER_NAMES = ["localhost", "one.test", "two.test", "three.test"]


class Pki:
    """A folder of PEM files. A client NAME presents NAME.pem: its certificate, those above it, and its key;
    NAME.chain has those above it alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run(ROOT / "scripts" / "pki", folder)
        self.root = folder / "root.crt"
        self.intermediate = folder / "intermediate.crt"
        self.stranger = folder / "stranger.crt"
        self.server = self.issue("site", "localhost", dns=SERVER_NAMES, server=True)
        self.issue("frank", "frank")
        self.issue("revoked", "rita")
        self.issue("revoked-below", "ronald", issuer="intermediate", present=["intermediate"])
        self.issue("registered", "grace", issuer=None)
        self.issue(
            "names",
            "heidi",
            dns=["heidi.example", "laptop.heidi.example"],
            email=["heidi@example.org"],
            uri=["https://example.org/heidi"],
            ip=["192.0.2.7", "2001:db8::7"],
        )

    def client(self, name: str) -> Path:
        path = self.folder / f"{name}.pem"
        assert path.exists(), f"there is no client {name}"
        return path

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.folder / f"{name}.crt").read_bytes())

    def key(self, name: str) -> ec.EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key((self.folder / f"{name}.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key

    def fingerprint(self, name: str, kind: str = "spki_sha256") -> str:
        """What names a certificate, as the tool says it."""
        file = self.folder / f"{name}.crt"
        return clientcert("fingerprint", "--kind", kind, file).stdout.strip()

    def issue(
        self,
        name: str,
        common_name: str,
        *,
        issuer: str | None = "root",
        present: Sequence[str] = (),
        dns: Sequence[str] = (),
        email: Sequence[str] = (),
        uri: Sequence[str] = (),
        ip: Sequence[str] = (),
        server: bool = False,
        days: int = 30,
    ) -> Path:
        """Makes NAME.crt, NAME.key and NAME.pem; without an issuer it is self-signed."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
        alternatives: list[x509.GeneralName] = [
            *map(x509.DNSName, dns),
            *map(x509.RFC822Name, email),
            *map(x509.UniformResourceIdentifier, uri),
            *(x509.IPAddress(ipaddress.ip_address(address)) for address in ip),
        ]
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate(issuer).subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + days * DAY)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        certificate = builder.sign(self.key(issuer) if issuer else key, hashes.SHA256())
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        above = [(self.folder / f"{other}.crt").read_bytes() for other in present]
        (self.folder / f"{name}.crt").write_bytes(pem)
        (self.folder / f"{name}.key").write_bytes(secret)
        (self.folder / f"{name}.pem").write_bytes(b"".join([pem, *above, secret]))
        (self.folder / f"{name}.chain").write_bytes(b"".join(above))
        return self.folder / f"{name}.pem"

    def write_crls(self, path: Path, *revoked: str, number: int = 1, days: int = 7) -> Path:
        """Puts a CRL of the root and one of the intermediate CA into a file, in one step, as tools do that know readers."""
        pem = b"".join(
            self._crl(issuer, revoked, number, days) for issuer in ["root", "intermediate"]
        )
        beside = path.with_name(path.name + ".new")
        beside.write_bytes(pem)
        os.replace(beside, path)
        return path

    def _crl(self, issuer: str, revoked: tuple[str, ...], number: int, days: int) -> bytes:
        authority = self.certificate(issuer)
        key_identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.subject)
            .last_update(NOW - DAY)
            .next_update(NOW + days * DAY)
            .add_extension(x509.CRLNumber(number), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                    key_identifier.value
                ),
                False,
            )
        )
        for name in revoked:
            certificate = self.certificate(name)
            if certificate.issuer == authority.subject:
                builder = builder.add_revoked_certificate(
                    x509.RevokedCertificateBuilder()
                    .serial_number(certificate.serial_number)
                    .revocation_date(NOW - DAY)
                    .build()
                )
        crl = builder.sign(self.key(issuer), hashes.SHA256())
        return crl.public_bytes(serialization.Encoding.PEM)
