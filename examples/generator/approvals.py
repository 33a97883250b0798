"""App keys and what they sign, by the contract's own words (`AppApproval` in types.proto)."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class AppKey:
    """The key of one device. It follows from the device's id, so that anyone can make it again: it protects nothing."""

    def __init__(self, device_id: str, p256: bool):
        self.secret = hashlib.sha256(f"portcullis example key, not a secret: {device_id}".encode()).digest()
        self.p256 = p256
        if p256:
            number = int.from_bytes(self.secret, "big") % (P256_ORDER - 1) + 1
            self.secret = number.to_bytes(32, "big")
            self.key = ec.derive_private_key(number, ec.SECP256R1())
        else:
            self.key = Ed25519PrivateKey.from_private_bytes(self.secret)

    def public_jwk(self) -> dict:
        if self.p256:
            numbers = self.key.public_key().public_numbers()
            x, y = (base64url(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
            return {"crv": "P-256", "kty": "EC", "x": x, "y": y}
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"crv": "Ed25519", "kty": "OKP", "x": base64url(public)}

    def public_jwk_text(self) -> str:
        return json.dumps(self.public_jwk(), separators=(",", ":"))

    def private_jwk(self) -> dict:
        return {**self.public_jwk(), "d": base64url(self.secret)}

    def sign(self, text: str) -> str:
        """64 bytes in hexadecimal. Without randomness, so that the files come out the same each time."""
        if self.p256:
            der = self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
            r, s = decode_dss_signature(der)
            return (r.to_bytes(32, "big") + s.to_bytes(32, "big")).hex()
        return self.key.sign(text.encode()).hex()


def signed_text(request_id: str, scope: str, action: str, fields: list[tuple[str, str]]) -> str:
    """What an app key signs to approve exactly this change, in this request."""
    canonical = f"{action}\n" + "".join(f"{name}={value}\n" for name, value in fields)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"portcullis-approval-v1\n{request_id}\n{scope}\n{action}\n{digest}"
