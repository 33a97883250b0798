"""Documented attacks. Each has a name; no last step of any of them may be approved."""

from dataclasses import replace

from .approvals import AppKey
from .day import (
    APPROVE, CONFIRM, DELAY, OK, Asker, Day, Proof, care, challenge, clerk, customer, deny, ivr, manager, pad, refused,
    stranger,
)  # fmt: skip
from .honest import CARRIERS, by_app
from .population import Line

GUESSER, SPRAYER, PROBER = ("X231", "Guess & Go Telecom"), ("X232", "Scattershot VoIP"), ("X233", "Curious Mobile")


def port_with_the_lock_on(day: Day) -> None:
    """Everything about the account is known, from a breach. The lock decides."""
    for nth in range(8):
        account, moment = day.people.account(), day.moment()
        whole = nth % 3 == 0
        day.people.lock(account, "ALL" if whole else "PORT", None if whole else account.line)
        passcode = ("account_pin", account.pin)
        day.port(moment, account, day.rng.choice(CARRIERS), deny("6P").of("port with the lock on"), passcode=passcode)


def port_with_the_carriers_lock_on(day: Day) -> None:
    account, moment = day.people.account(), day.moment()
    day.people.lock(account, "ALL", None, reason="suspected takeover")
    story = "port with the carrier's own lock on"
    day.port(moment, account, CARRIERS[1], deny("6P").of(story), passcode=("account_pin", account.pin))


def locked_after_the_transfer_pin(day: Day) -> None:
    """Turning the lock on makes void what was issued before it."""
    story = "transfer PIN issued and then the lock turned on"
    account, moment = day.people.account(), day.moment(9, 17)
    name = day.transfer_pin(moment, customer(account), account.line.msisdn, APPROVE.of(story), proof=by_app(account))
    day.lock(moment + 600, customer(account), account.line.msisdn, "PORT", OK.of(story))
    day.port(moment + 900, account, CARRIERS[0], deny("6P").of(story), passcode=("transfer_pin", name))
    denied = deny("LOCK_ON").of(story)
    day.transfer_pin(moment + 960, customer(account), account.line.msisdn, denied, proof=by_app(account))


def release_then_port(day: Day) -> None:
    story = "stolen log-in asks for the lock's release and then ports"
    for nth in range(4):
        account, moment = day.people.account(authorised_user=True), day.moment(8, 17)
        line = account.line.msisdn
        day.people.lock(account, "PORT", account.line)
        thief = stranger(account, 100 + nth)
        weak = challenge("PROOF_TOO_WEAK", "NEW_DEVICE").of(story)
        day.release(moment, thief, line, "PORT", weak, proof=Proof(account.pin))
        user = stranger(account, 100 + nth, person="p2")
        day.release(moment + 90, user, line, "PORT", deny("OWNER_ONLY").of(story), proof=Proof(account.pin))
        day.port(moment + 200, account, CARRIERS[3], deny("6P").of(story), passcode=("account_pin", account.pin))


def talked_into_the_release(day: Day) -> None:
    """The owner is talked into releasing the lock. The delay gives them the time to think again."""
    story = "owner talked into the release and the port comes at once"
    for _ in range(3):
        account, moment = day.people.account(), day.moment(9, 17)
        line = account.line.msisdn
        day.people.lock(account, "PORT", account.line)
        release = day.release(moment, customer(account), line, "PORT", APPROVE.of(story), proof=by_app(account))
        early = deny("COOLING_DOWN").of(story)
        day.transfer_pin(moment + 120, customer(account), line, early, proof=by_app(account))
        day.port(moment + 240, account, CARRIERS[3], deny("6P").of(story), passcode=("account_pin", account.pin))
        day.cancel(moment + 400, customer(account), line, release, OK.of(story))
        day.port(moment + 500, account, CARRIERS[3], deny("6P").of(story), passcode=("account_pin", account.pin))


def transfer_pin_guessed(day: Day) -> None:
    story = "transfer PIN guessed five times and then right"
    for _ in range(2):
        account, moment = day.people.account(), day.moment(9, 17)
        name = day.transfer_pin(moment, customer(account), account.line.msisdn, APPROVE.of(story), proof=by_app(account))
        for nth in range(5):
            guess = ("transfer_pin", f"{nth:05d}{nth + 3}")
            day.port(moment + 300 + nth * 40, account, GUESSER, deny("8C").of(story), passcode=guess)
        day.port(moment + 600, account, GUESSER, deny("8C").of(story), passcode=("transfer_pin", name))


def spraying(day: Day) -> None:
    """Two PINs that many people choose, over many accounts. Where one hits, it still proves nothing in a port."""
    story = "spraying two PINs"
    start = day.moment(10, 15)
    for nth in range(14):
        chosen = nth == 4
        account = day.people.account(kind="POSTPAID", pin="123456" if chosen else "fit")
        for which, pin in enumerate(("123456", "000000")):
            expect = DELAY if chosen and which == 0 else deny("8C")
            moment = start + nth * 20 + which * 9
            day.port(moment, account, SPRAYER, expect.of(story), passcode=("account_pin", pin))


def carrier_probes(day: Day) -> None:
    """Until the account number matches, a line that is unknown, locked, suspended or open is answered alike."""
    story = "carrier probes unknown numbers"
    start = day.moment(11, 16)
    open_line = day.people.account()
    locked = day.people.account()
    day.people.lock(locked, "ALL", None)
    suspended = day.people.account()
    suspended.line.status = "SUSPENDED"
    numbers = [day.people.number() for _ in range(20)]
    numbers[3:3] = [open_line.line.msisdn]
    numbers[9:9] = [locked.line.msisdn]
    numbers[14:14] = [suspended.line.msisdn]
    for nth, number in enumerate(numbers):
        guess = f"{day.rng.randrange(10**9):09d}"
        day.port(
            start + nth * 6, open_line, PROBER, deny("8A").of(story), msisdn=number, account_number=guess,
            zip=day.people.zip_code(),
        )  # fmt: skip


def transfer_pin_elsewhere(day: Day) -> None:
    account, other, moment = day.people.account(), day.people.account(), day.moment(9, 17)
    story = "transfer PIN for one carrier used by another"
    name = day.transfer_pin(
        moment, customer(account), account.line.msisdn, APPROVE.of(story), proof=by_app(account), gaining_spid="X201"
    )
    day.port(moment + 200, account, CARRIERS[3], deny("8C").of(story), passcode=("transfer_pin", name))
    story = "transfer PIN of one customer used for another"
    day.port(moment + 400, other, CARRIERS[0], deny("8C").of(story), passcode=("transfer_pin", name))


def transfer_pin_used_twice(day: Day) -> None:
    story = "transfer PIN used a second time"
    account, moment = day.people.account(), day.moment(9, 17)
    name = day.transfer_pin(moment, customer(account), account.line.msisdn, APPROVE.of(story), proof=by_app(account))
    passcode = ("transfer_pin", name)
    request = day.port(moment + 300, account, CARRIERS[1], CONFIRM.of(story), passcode=passcode)
    day.execute(moment + 400, request, expect=OK.of(story))
    day.port(moment + 900, account, CARRIERS[3], deny("8C", "6D").of(story), passcode=passcode)


def transfer_pin_for_a_new_device(day: Day) -> None:
    story = "transfer PIN asked from a device never seen"
    for nth in range(4):
        account, moment = day.people.account(), day.moment(9, 17)
        expect = challenge("TRANSFER_PIN_UNPROVEN", "NEW_DEVICE").of(story)
        day.transfer_pin(
            moment, stranger(account, 200 + nth), account.line.msisdn, expect, proof=Proof(account.pin)
        )
        day.port(moment + 300, account, CARRIERS[3], DELAY.of(story), passcode=("account_pin", account.pin))


def port_after_a_swap(day: Day) -> None:
    """A transfer PIN got by a call, used on the day the SIM changed: the owner's app must name the gaining carrier."""
    story = "port on the day of a SIM change"
    account, moment = day.people.account(), day.moment(8, 15)
    name = day.transfer_pin(moment, customer(account), account.line.msisdn, APPROVE.of(story), proof=by_app(account))
    sim = day.sim(moment + 600, customer(account), account.line, day.card(), APPROVE.of(story), proof=by_app(account))
    day.execute(moment + 660, sim, expect=OK.of(story))
    day.port(moment + 1_800, account, CARRIERS[3], DELAY.of(story), passcode=("transfer_pin", name))


def port_of_a_victims_line(day: Day) -> None:
    """Fraud was reported on the line: no PIN is enough any more, right or not."""
    story = "port of a line with a fraud report"
    account, moment = day.people.account(), day.moment(9, 17)
    account.line.flags.append("VICTIM")
    name = day.transfer_pin(moment, customer(account), account.line.msisdn, APPROVE.of(story), proof=by_app(account))
    day.port(moment + 300, account, CARRIERS[4], DELAY.of(story), passcode=("transfer_pin", name))


def port_of_a_suspended_line(day: Day) -> None:
    story = "port of a suspended line"
    account, moment = day.people.account(), day.moment()
    account.line.status = "SUSPENDED"
    day.port(moment, account, CARRIERS[0], deny("6D").of(story), passcode=("account_pin", account.pin))


def malformed(day: Day) -> None:
    story = "fields that are no such thing"
    account, moment = day.people.account(), day.moment()
    line, asker, proof = account.line, customer(account), Proof(account.pin)
    wrong = line.iccid or day.card()[1]
    wrong = wrong[:-1] + str((int(wrong[-1]) + 1) % 10)
    bad = refused("change.sim_change.iccid").of(story)
    day.sim(moment, asker, line, ("iccid", wrong), bad, proof=proof)
    eid = day.chip()[1]
    bad = refused("change.sim_change.eid").of(story)
    day.sim(moment + 9, asker, line, ("eid", eid[:-1] + str((int(eid[-1]) + 1) % 10)), bad, proof=proof)
    bad = refused("change.sim_change.imei").of(story)
    day.sim(moment + 18, asker, line, day.card(), bad, proof=proof, imei="123456789012345")
    day.port(moment + 27, account, ("1234", "Itself"), refused("change.port_out.gaining_spid").of(story))
    spelt = line.msisdn.replace("+1", "001")
    day.port(moment + 36, account, CARRIERS[0], refused("line.msisdn").of(story), msisdn=spelt)


def swap_after_pin_reset(day: Day) -> None:
    """The PIN was phished. With it the thief sets a new one, and shuts the owner out, and goes to a store."""
    story = "swap after PIN reset"
    for nth in range(4):
        account, moment = day.people.account(devices=nth % 2), day.moment(10, 18)
        new_pin = day.people.pin(account)
        day.pin_change(moment, ivr(), account, new_pin, APPROVE.of(story), proof=Proof(account.pin))
        expect = challenge("RESET_RECENTLY", "PIN_TOO_NEW").of(story)
        day.sim(
            moment + 900, pad("S105"), account.line, day.card(), expect, proof=Proof(new_pin), device_sale="yes",
        )  # fmt: skip
        again = challenge("PIN_TOO_NEW").of(story)
        day.pin_change(moment + 1_500, ivr(), account, day.people.pin(account), again, proof=Proof(new_pin))


def stolen_log_in(day: Day) -> None:
    story = "stolen log-in from a new device"
    for nth in range(6):
        account, moment = day.people.account(), day.moment(8, 18)
        thief, line = stranger(account, 300 + nth), account.line
        proof = Proof(account.pin) if nth % 2 else Proof()
        reasons = ("NEW_DEVICE",) if nth % 2 else ("NEW_DEVICE", "NO_CUSTOMER_PROOF")
        chip = day.chip()
        day.sim(moment, thief, line, chip, challenge(*reasons).of(story), proof=proof)
        key = AppKey(f"thief {nth}", p256=False)
        weak = challenge("PROOF_TOO_WEAK", *reasons).of(story)
        day.other(moment + 40, thief, line, ("DEVICE", "Burner", key.public_jwk()["x"]), weak, proof)
        mail = ("EMAIL", "p1-mail", f"thief{nth}@mail.example")
        day.other(moment + 80, thief, line, mail, challenge(*reasons).of(story), proof)
        forward = ("FORWARDING", "", day.people.number())
        day.other(moment + 120, thief, line, forward, challenge(*reasons).of(story), proof)
        # The owner's device by name, the thief's key underneath: a forged approval.
        forged = challenge("NEW_DEVICE", "NO_CUSTOMER_PROOF").of(story)
        day.sim(moment + 160, thief, line, chip, forged, proof=Proof(approve_on=replace(account.device(), key=key)))
        # The owner has seen enough.
        day.lock(moment + 600, customer(account), account.account_id, "ALL", OK.of(story))
        day.sim(moment + 700, thief, line, chip, deny("LOCK_ON").of(story), proof=proof)


def pin_guessed_in_the_store(day: Day) -> None:
    """Five wrong PINs and it is off, whoever types the sixth. What the owner holds in their hand still works."""
    story = "PIN guessed at a PIN pad"
    for _ in range(2):
        account, moment, sim = day.people.account(), day.moment(9, 18), day.card()
        told = [("PIN_MISMATCH",)] * 2 + [("PIN_ATTEMPTS_MANY", "PIN_MISMATCH")] * 2
        for nth, reasons in enumerate(told):
            guess = Proof(day.people.pin(account))
            day.sim(moment + nth * 30, pad("S106"), account.line, sim, challenge(*reasons).of(story), proof=guess)
        off = deny("PIN_ATTEMPTS_EXHAUSTED").of(story)
        day.sim(moment + 150, pad("S106"), account.line, sim, off, proof=Proof(day.people.pin(account)))
        day.sim(moment + 200, pad("S106"), account.line, sim, off, proof=Proof(account.pin))
        day.sim(moment + 250, ivr(), account.line, sim, off, proof=Proof(account.pin))
        other = day.card()
        # An honest step: no story, no attack.
        day.sim(moment + 4_000, customer(account), account.line, other, APPROVE, proof=by_app(account))


def rep_types_the_pin(day: Day) -> None:
    story = "rep types the right PIN while the customer is absent"
    for nth in range(4):
        account, moment, store = day.people.account(devices=nth % 2), day.moment(10, 18), f"S{107 + nth}"
        expect = challenge("NO_CUSTOMER_PROOF").of(story)
        sim = day.card()
        day.sim(moment, clerk(store, 1), account.line, sim, expect, proof=Proof(account.pin), device_sale="yes")
        day.sim(moment + 300, manager(store), account.line, sim, expect, proof=Proof(account.pin), device_sale="yes")


def facts_prove_nothing(day: Day) -> None:
    story = "care talked to with facts anybody can learn"
    for nth in range(3):
        account, moment, who = day.people.account(devices=nth % 2), day.moment(9, 18), care(500 + nth)
        line, sim = account.line, day.card()
        wrong = Proof(day.people.pin(account))
        two = challenge("PIN_MISMATCH", "NO_CUSTOMER_PROOF").of(story)
        day.sim(moment, who, line, sim, two, cause="DAMAGED", proof=wrong)
        day.sim(moment + 60, who, line, sim, two, cause="DAMAGED", proof=wrong)
        three = challenge("PIN_ATTEMPTS_MANY", "PIN_MISMATCH", "NO_CUSTOMER_PROOF").of(story)
        day.sim(
            moment + 120, who, line, sim, three, cause="DAMAGED", proof=wrong, offered="BIRTH_DATE PAYMENT NATIONAL_ID"
        )
        none = challenge("PIN_ATTEMPTS_MANY", "NO_CUSTOMER_PROOF").of(story)
        day.sim(moment + 300, who, line, sim, none, cause="DAMAGED", offered="PAYMENT CALL_LOG ICCID")


def flagged_line_far_away(day: Day) -> None:
    story = "flagged line in a far store before closing"
    for _ in range(3):
        account, moment = day.people.account(), 20 * 3_600 + 2_400
        account.line.flags.append("HEIGHTENED")
        expect = challenge("FLAGGED", "SCORE_HIGH").of(story)
        day.sim(
            moment, pad("S120"), account.line, day.card(), expect, proof=Proof(account.pin), device_sale="no",
            miles_from_home="912", closes_in_minutes="20",
        )  # fmt: skip


def lost_phone_without_pin(day: Day) -> None:
    story = "phone said to be lost and no PIN"
    for nth in range(4):
        account, moment = day.people.account(devices=nth % 2), day.moment(10, 18)
        expect = challenge("PHONE_NOT_AT_HAND", "NO_CUSTOMER_PROOF").of(story)
        cause = day.rng.choice(("LOST", "STOLEN", "BROKEN"))
        day.sim(moment, clerk(f"S{112 + nth}", 2), account.line, day.card(), expect, cause=cause)


def second_swap(day: Day) -> None:
    story = "second SIM change of a line in one day"
    for _ in range(3):
        account, moment = day.people.account(), day.moment(9, 16)
        first = day.sim(moment, customer(account), account.line, day.card(), APPROVE.of(story), proof=Proof(account.pin))
        day.execute(moment + 60, first, expect=OK.of(story))
        expect = challenge("SIM_CHANGED_RECENTLY").of(story)
        day.sim(moment + 3_000, pad("S116"), account.line, day.card(), expect, proof=Proof(account.pin), cause="REVERT")


def permit_for_another_sim(day: Day) -> None:
    story = "permit used for another SIM"
    account, moment = day.people.account(), day.moment(9, 18)
    line, other_line = account.line, day.people.account().line
    sim, other = day.card(), day.card()
    request = day.sim(moment, customer(account), line, sim, APPROVE.of(story), proof=by_app(account))
    mismatch = refused("PERMIT_MISMATCH").of(story)
    day.execute(moment + 30, request, expect=mismatch, msisdn=line.msisdn, iccid=other[1])
    day.execute(moment + 40, request, expect=mismatch, msisdn=other_line.msisdn, iccid=sim[1])
    day.execute(moment + 60, request, expect=OK.of(story))
    day.execute(moment + 90, request, expect=refused("PERMIT_USED").of(story))


def permit_after_the_lock(day: Day) -> None:
    """An approval is a claim; redeeming it is the right, and asks the locks again."""
    story = "permit redeemed after the lock went on"
    for _ in range(2):
        account, moment = day.people.account(), day.moment(9, 18)
        request = day.sim(moment, ivr(), account.line, day.card(), APPROVE.of(story), proof=Proof(account.pin))
        day.lock(moment + 20, customer(account), account.line.msisdn, "SIM", OK.of(story))
        day.execute(moment + 40, request, expect=refused("PERMIT_VOID").of(story))


def request_id_reused(day: Day) -> None:
    story = "request id of an approval used for another line"
    account, moment = day.people.account(), day.moment(9, 18)
    victim = day.people.account()
    name = day.transfer_pin(moment, customer(account), account.line.msisdn, APPROVE.of(story), proof=by_app(account))
    passcode = ("transfer_pin", name)
    request = day.port(moment + 100, account, CARRIERS[2], CONFIRM.of(story), passcode=passcode)
    day.port(moment + 200, victim, CARRIERS[2], refused("REQUEST_ID_REUSED").of(story), passcode=passcode)
    day.rows["port-requests"][-1]["request_id"] = request


def sim_not_as_stated(day: Day) -> None:
    story = "caller believes another SIM to be active"
    account, moment = day.people.account(), day.moment(9, 18)
    account.line.iccid, account.line.eid = account.line.iccid or day.card()[1], None
    old = day.card()[1]
    expect = deny("SIM_NOT_AS_STATED").of(story)
    day.sim(moment, pad("S117"), account.line, day.card(), expect, proof=Proof(account.pin), old_iccid=old)


def wrong_caller(day: Day) -> None:
    """Who may ask what, about whose line, is in the token."""
    story = "callers who may not ask this"
    account, other, moment = day.people.account(), day.people.account(), day.moment(9, 18)
    none = refused("FORBIDDEN").of(story)
    port_desk = Asker("PORT", "porting_system", "port-X204")
    day.sim(moment, port_desk, account.line, day.card(), none)
    day.sim(moment + 10, customer(other), account.line, day.card(), none, proof=by_app(other))
    day.lock(moment + 20, customer(other), account.line.msisdn, "ALL", none)
    day.transfer_pin(moment + 30, clerk("S118", 1), account.line.msisdn, none)
    day.pin_change(moment + 40, care(700), account, day.people.pin(account), none)
    day.pin_change(moment + 50, customer(other), account, day.people.pin(account), none, proof=by_app(other))
    ghost = Line("", day.people.number(), None, None, "", account.line.since)
    day.sim(moment + 60, customer(other), ghost, day.card(), none, proof=by_app(other))


def family_oversteps(day: Day) -> None:
    story = "another line's user asks for the owner's line"
    for _ in range(2):
        account, moment = day.people.account(lines=2, line_user=True), day.moment(9, 18)
        expect = challenge("NO_CUSTOMER_PROOF").of(story)
        asker = customer(account, person="p2")
        day.sim(moment, asker, account.line, day.chip(), expect, proof=Proof(account.pin))
        phone = Proof(approve_on=account.device("p2"))
        day.sim(moment + 60, asker, account.line, day.chip(), expect, proof=phone)
    story = "authorised user changes the owner's PIN"
    for _ in range(2):
        account, moment = day.people.account(authorised_user=True), day.moment(9, 18)
        asker, expect = customer(account, person="p2"), challenge("OWNER_ONLY").of(story)
        phone = Proof(approve_on=account.device("p2"))
        day.pin_change(moment, asker, account, day.people.pin(account), expect, proof=phone)


def rep_asks_for_the_release(day: Day) -> None:
    story = "rep asks for the lock's release"
    for nth in range(3):
        account, moment = day.people.account(), day.moment(9, 18)
        day.people.lock(account, "SIM", account.line)
        expect = challenge("PROOF_TOO_WEAK", "NO_CUSTOMER_PROOF").of(story)
        who = care(600 + nth)
        day.release(moment, who, account.line.msisdn, "SIM", expect)
        lost = deny("LOCK_ON").of(story)
        day.sim(moment + 200, who, account.line, day.card(), lost, cause="LOST")


def far_from_home_guessing(day: Day) -> None:
    """Distance, the hour, no sale and two wrong PINs add up: a right PIN is not enough any more."""
    story = "far from home at closing time after wrong PINs"
    account, moment, sim = day.people.account(), 20 * 3_600 + 1_500, day.card()
    place = {"device_sale": "no", "miles_from_home": "1480", "closes_in_minutes": "30"}
    wrong = challenge("SCORE_HIGH", "PIN_MISMATCH").of(story)
    day.sim(moment, pad("S119"), account.line, sim, wrong, proof=Proof(day.people.pin(account)), **place)
    day.sim(moment + 30, pad("S119"), account.line, sim, wrong, proof=Proof(day.people.pin(account)), **place)
    strong = challenge("SCORE_HIGH").of(story)
    day.sim(moment + 60, pad("S119"), account.line, sim, strong, proof=Proof(account.pin), **place)


STORIES = (
    port_with_the_lock_on, port_with_the_carriers_lock_on, locked_after_the_transfer_pin, release_then_port,
    talked_into_the_release, transfer_pin_guessed, spraying, carrier_probes, transfer_pin_elsewhere,
    transfer_pin_used_twice, transfer_pin_for_a_new_device, port_after_a_swap, port_of_a_victims_line,
    port_of_a_suspended_line, malformed, swap_after_pin_reset, stolen_log_in, pin_guessed_in_the_store,
    rep_types_the_pin, facts_prove_nothing, flagged_line_far_away, far_from_home_guessing, lost_phone_without_pin,
    second_swap, permit_for_another_sim, permit_after_the_lock, request_id_reused, sim_not_as_stated, wrong_caller,
    family_oversteps, rep_asks_for_the_release,
)  # fmt: skip


def everything(day: Day) -> None:
    for story in STORIES:
        story(day)
