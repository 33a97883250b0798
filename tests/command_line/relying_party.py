"""A system that carries changes out, as it verifies a signed permit by itself: PyJWT and the published keys.

    relying_party.py JWKS PERMIT ISSUER AUDIENCE [NOW]

prints the claims as one JSON object and ends with 0, or prints the reason and ends with 1. NOW is seconds since 1970.
"""

import json
import pathlib
import sys
import time

import jwt


def main() -> int:
    keys_file, permit_file, issuer, audience = sys.argv[1:5]
    now = float(sys.argv[5]) if len(sys.argv) > 5 else time.time()
    keys = jwt.PyJWKSet.from_json(pathlib.Path(keys_file).read_text())
    permit = pathlib.Path(permit_file).read_text().strip()
    try:
        header = jwt.get_unverified_header(permit)
        if header.get("typ") != "portcullis-permit+jwt":
            raise jwt.InvalidTokenError("another type")
        key = keys[header["kid"]]
        required = ["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "authorization_details"]
        # The window is compared with NOW below: PyJWT takes no clock.
        unclocked = {"require": required, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        claims = jwt.decode(permit, key, algorithms=["EdDSA"], audience=audience, issuer=issuer, options=unclocked)
        if not claims["nbf"] <= now < claims["exp"]:
            raise jwt.ExpiredSignatureError("outside its window")
    except (jwt.PyJWTError, KeyError) as refusal:
        print(f"{type(refusal).__name__}: {refusal}")
        return 1
    print(json.dumps(claims))
    return 0


if __name__ == "__main__":
    sys.exit(main())
