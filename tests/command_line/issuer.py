"""An OpenID provider as it is met in the wild: keys made with `cryptography`, tokens signed with PyJWT.

    issuer.py FOLDER NAME...

writes FOLDER/jwks.json with a key pair for each NAME, and FOLDER/NAME.token, signed with it. A name begins with the
token's algorithm: `RS256-a`, `ES256-b`, `EdDSA-c`.
"""

import json
import os
import pathlib
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

MAKERS = {
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "PS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def main() -> None:
    folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    keys = []
    for name in names:
        algorithm = name.split("-")[0]
        key = MAKERS[algorithm]()
        public = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
        keys.append({**public, "kid": name, "use": "sig", "alg": algorithm})
        now = int(time.time())
        claims = {
            "iss": "https://login.carrier.example",
            "sub": name,
            "aud": "portcullis",
            "client_id": "crm",
            "iat": now,
            "exp": now + 600,
            "jti": name,
            "roles": ["provisioning"],
            "brand": "default",
        }
        token = jwt.encode(claims, key, algorithm, headers={"typ": "at+jwt", "kid": name})
        path = folder / f"{name}.token"
        path.write_text(token)
        path.chmod(0o600)
    # A key for encryption, as providers publish one beside the others.
    other = jwt.get_algorithm_by_name("RS256").to_jwk(MAKERS["RS256"]().public_key(), as_dict=True)
    keys.append({**other, "kid": "enc", "use": "enc", "alg": "RSA-OAEP"})
    whole = folder / "jwks.json.new"
    whole.write_text(json.dumps({"keys": keys}))
    os.replace(whole, folder / "jwks.json")


if __name__ == "__main__":
    main()
