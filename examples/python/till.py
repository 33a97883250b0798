#!/usr/bin/env python3
"""A till: puts a customer's line on another SIM, once the customer has said yes in the app.

Run `make setup` once, start a service with `make run`, then this, and `app.py --answer yes` in another terminal:

    target/python/bin/python examples/python/till.py --ca data/ca.pem --token data/tokens/clerk \\
        --msisdn +12125550142 --iccid 8901990000000000995
"""

import sys
import time

from carrier import Portcullis, name_of, parser, say, tell

IN_STORE = {"channel": "CHANNEL_STORE"}


def main() -> int:
    flags = parser(__doc__)
    flags.add_argument("--msisdn", required=True, help="the customer's number")
    flags.add_argument("--iccid", required=True, help="the new SIM card's number")
    args = flags.parse_args()
    engine = Portcullis(args)
    line = {"msisdn": args.msisdn}
    change = {"sim_change": {"iccid": args.iccid, "cause": "SIM_CHANGE_CAUSE_UPGRADE"}}

    say("till", f"may {args.msisdn} go on another SIM card?")
    asked = {"line": line, "change": change, "mode": "MODE_ENFORCE", "interaction": IN_STORE}
    decision = engine.call("DecisionService.Decide", **asked).decision
    tell(decision)

    if name_of(decision, "outcome") == "CHALLENGE":
        say("till", "waits for the customer")
        challenge = decision.challenge.challenge_id
        engine.wait_for_answer(challenge)
        decision = engine.call("DecisionService.CompleteDecision", challenge_id=challenge, interaction=IN_STORE).decision
        tell(decision)

    if name_of(decision, "outcome") != "APPROVE":
        say("till", "nothing is changed")
        return 1
    # Right before the card is activated. Only an OK here is leave to do it; an error is none.
    engine.call("DecisionService.RedeemPermit", permit=decision.approval.permit, line=line, change=change)
    say("till", "the permit is redeemed: the card is activated")
    now = {"seconds": int(time.time())}
    made = {"decision_id": decision.decision_id, "outcome": "REPORTED_OUTCOME_EXECUTED", "occur_time": now}
    tells = engine.call("DecisionService.ReportOutcome", **made).decision
    say("engine", name_of(tells, "state"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
