#!/usr/bin/env python3
"""A care desk: a caller wants all calls forwarded. What the agent types proves nothing; the customer must say yes.

Run `make setup` once, start a service with `make run`, then this, and `app.py --answer not-me` in another terminal:

    target/python/bin/python examples/python/care_desk.py --ca data/ca.pem --token data/tokens/care \\
        --msisdn +12125550142 --forward-to +12125550199 --pin 482951
"""

import sys

import grpc
from carrier import Portcullis, name_of, parser, say, tell, tell_error

ON_THE_PHONE = {"channel": "CHANNEL_CARE"}


def main() -> int:
    flags = parser(__doc__)
    flags.add_argument("--msisdn", required=True, help="the number that the caller gives as theirs")
    flags.add_argument("--forward-to", required=True, help="where calls are to go")
    flags.add_argument("--pin", required=True, help="the PIN that the caller says")
    args = flags.parse_args()
    engine = Portcullis(args)
    asked = {
        "line": {"msisdn": args.msisdn},
        "change": {"call_forwarding_set": {"target_msisdn": args.forward_to}},
        "mode": "MODE_ENFORCE",
        "interaction": ON_THE_PHONE,
    }

    say("care", f"the caller says their PIN: may calls of {args.msisdn} be forwarded?")
    decision = engine.call("DecisionService.Decide", evidence=[{"account_pin": args.pin}], **asked).decision
    tell(decision)
    challenge = decision.challenge.challenge_id

    say("care", "goes on all the same")
    try:
        decision = engine.call("DecisionService.CompleteDecision", challenge_id=challenge, interaction=ON_THE_PHONE).decision
        tell(decision)
    except grpc.RpcError as error:
        tell_error(error)

    say("care", "waits for the customer")
    engine.wait_for_answer(challenge)
    decision = engine.call("DecisionService.CompleteDecision", challenge_id=challenge, interaction=ON_THE_PHONE).decision
    tell(decision)

    say("care", "the caller insists, and calls again")
    decision = engine.call("DecisionService.Decide", **asked).decision
    tell(decision)
    return 0 if name_of(decision, "outcome") == "APPROVE" else 1


if __name__ == "__main__":
    sys.exit(main())
