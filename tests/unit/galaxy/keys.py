"""OpenPGP keys for tests, made by the library with which Pulp checks signatures."""

from dataclasses import dataclass

from pysequoia import SignatureMode, Tsk, sign


@dataclass(frozen=True)
class Key:
    secret: Tsk

    @classmethod
    def make(cls, name: str) -> "Key":
        return cls(Tsk.generate(f"{name} <{name}@example.com>"))

    @property
    def public(self) -> str:
        """Return the public key in ASCII armor, as in a key ring."""
        return str(self.secret.extract_certificate())

    @property
    def private(self) -> str:
        return str(self.secret)

    def signature_of(self, data: bytes) -> str:
        signed: bytes = sign(self.secret.signer(), data, mode=SignatureMode.DETACHED)
        return signed.decode()
