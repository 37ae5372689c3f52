"""Certificate authorities for tests, and certificates that are valid from yesterday to tomorrow."""

import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_DAY = timedelta(days=1)
#: The OID of Red Hat's entitlement certificates (pulp_certguard, rhsm_check_path.py).
_RHSM = "1.3.6.1.4.1.2312.9"

Extension = x509.ExtensionType


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: str
    key: str

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write both, as `<name>.pem` and `<name>.key`, and return their paths."""
        paths = folder / f"{name}.pem", folder / f"{name}.key"
        for path, text in zip(paths, (self.certificate, self.key), strict=True):
            path.write_text(text, encoding="ascii")
        return paths


class Authority:
    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        extensions = [
            x509.BasicConstraints(ca=True, path_length=None),
            _usage(signs_certificates=True),
        ]
        signed = self._sign(self._name, self._key.public_key(), extensions)
        self.certificate = _pem(signed)

    def issue(
        self,
        name: str,
        *,
        hosts: Iterable[str] = (),
        extensions: Sequence[Extension] = (),
        is_expired: bool = False,
    ) -> Pair:
        """Return a certificate for clients, or for a server with these names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        own: list[Extension] = [
            x509.BasicConstraints(ca=False, path_length=None),
            _usage(signs_certificates=False),
            *extensions,
        ]
        names = [_general_name(host) for host in hosts]
        if names:
            own.append(x509.SubjectAlternativeName(names))
        signed = self._sign(_name(name), key.public_key(), own, is_expired=is_expired)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return Pair(_pem(signed), secret)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        extensions: Sequence[Extension],
        *,
        is_expired: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        end = now - _DAY if is_expired else now + _DAY
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - 2 * _DAY)
            .not_valid_after(end)
        )
        own = self._key.public_key()
        for extension in (
            *extensions,
            x509.SubjectKeyIdentifier.from_public_key(key),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(own),
        ):
            is_critical = isinstance(extension, (x509.BasicConstraints, x509.KeyUsage))
            builder = builder.add_extension(extension, critical=is_critical)
        return builder.sign(self._key, hashes.SHA256())


def entitlement(path: str) -> list[Extension]:
    """Return the extensions of an entitlement (version 1) for all paths below a distribution's."""
    # The name of an order, and the path of the first product's content.
    values = {f"{_RHSM}.4.1": "an order", f"{_RHSM}.2.1.1.6": f"/{path}"}
    return [
        # A UTF8String in DER; a length of up to 127 takes one byte.
        x509.UnrecognizedExtension(
            x509.ObjectIdentifier(oid), bytes([12, len(text)]) + text.encode()
        )
        for oid, text in values.items()
    ]


def context_trusting(
    authority: Authority, client: tuple[Path, Path] | None = None
) -> ssl.SSLContext:
    """Return the TLS context of a client; `client` are the files of its certificate and key."""
    context = ssl.create_default_context(cadata=authority.certificate)
    if client:
        context.load_cert_chain(*client)
    return context


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
