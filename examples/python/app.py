#!/usr/bin/env python3
"""A customer's app: answers what waits for a yes; or shows what protects a line, and what was tried.

Run `make setup` once, start a service with `make run`, then:

    target/python/bin/python examples/python/app.py --ca data/ca.pem --token data/tokens/customer \\
        --account acct-200003 --device dev-200003-p1-1 --answer yes
"""

import base64
import json
import sys
from pathlib import Path

from carrier import Portcullis, name_of, parser, say
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

KEYS = Path(__file__).resolve().parent.parent / "app-keys.json"
IN_APP = {"channel": "CHANNEL_APP"}


def signed(text: str, jwk: dict) -> bytes:
    """64 bytes by the device's key, which never leaves it; here it lies in a file, since everything is made up."""
    secret = base64.urlsafe_b64decode(jwk["d"] + "==")
    if jwk["crv"] == "Ed25519":
        return Ed25519PrivateKey.from_private_bytes(secret).sign(text.encode())
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def show(engine: Portcullis, account: str, msisdn: str) -> None:
    """What protects a line, and what was tried on its account."""
    for protection in engine.call("ProtectionService.GetProtection", line={"msisdn": msisdn}).protections:
        for lock in protection.locks:
            say("engine", f"a lock is on, of {name_of(lock, 'holder')} against {name_of(lock, 'set')}")
    for activity in engine.call("ProtectionService.ListActivity", account_id=account, page_size=8).activities:
        say("engine", f"{activity.kind}: {activity.summary}")


def answer(engine: Portcullis, args, waiting) -> None:
    """A yes is a signature over exactly what is shown; a no ends it."""
    challenge = waiting.challenge.challenge_id
    if args.answer == "yes":
        key = json.loads(args.keys.read_text())[args.device]
        approval = {"device_key_id": args.device, "signature": signed(waiting.signing_input, key)}
        evidence = [{"app_approval": approval}]
        engine.call("ChallengeService.SubmitEvidence", challenge_id=challenge, evidence=evidence, interaction=IN_APP)
        say("app", "signed: this is what I want")
    else:
        is_not_me = args.answer == "not-me"
        engine.call("ChallengeService.DeclineChallenge", challenge_id=challenge, not_me=is_not_me, interaction=IN_APP)
        say("app", "no: that was not me, lock everything" if is_not_me else "no")


def main() -> int:
    flags = parser(__doc__)
    flags.add_argument("--account", required=True, help="the account that the customer is signed in on")
    flags.add_argument("--msisdn", help="the line to show, where nothing is answered")
    flags.add_argument("--device", help="the device whose key signs a yes")
    flags.add_argument("--keys", type=Path, default=KEYS, help="a file of devices' keys [default: the example's]")
    flags.add_argument("--answer", choices=["yes", "no", "not-me"], help="what to say to what waits; left out, show all")
    args = flags.parse_args()
    engine = Portcullis(args)
    if args.answer is None:
        show(engine, args.account, args.msisdn)
        return 0
    waits = engine.call("ChallengeService.ListPendingChallenges", account_id=args.account).challenges
    if not waits:
        say("app", "nothing waits")
        return 1
    newest = waits[0]
    change = newest.change.WhichOneof("change")
    say("app", f"somebody asks for {change.upper()}, in channel {name_of(newest, 'channel')} {newest.store_id}".rstrip())
    answer(engine, args, newest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
