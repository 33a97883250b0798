"""Ordinary customers. Most are approved at once; some must correct a field, or prove a little more, and then are."""

from dataclasses import replace

from .approvals import AppKey
from .day import (
    APPROVE, CONFIRM, DELAY, OK, Day, Proof, care, challenge, clerk, customer, deny, ivr, pad, refused, stranger,
)  # fmt: skip
from .population import Account

CARRIERS = (
    ("X201", "Example Wireless"), ("X202", "Sample Cellular"), ("X203", "Specimen Mobile"),
    ("X204", "Placeholder Prepaid"), ("X205", "Facsimile Telecom"),
)  # fmt: skip
STORES = tuple(f"S{number}" for number in range(101, 125))


def by_app(account: Account) -> Proof:
    return Proof(approve_on=account.device())


def own_proof(day: Day, account: Account) -> Proof:
    """A tap in the app, or the PIN typed there."""
    return by_app(account) if account.pin is None or day.rng.random() < 0.65 else Proof(account.pin)


def ports(day: Day) -> None:
    for _ in range(150):
        port_with_transfer_pin(day)
    for wrong in ("zip", "account_number", "holder_name", "missing", "typo") * 4:
        port_corrected(day, wrong)
    for _ in range(12):
        port_without_transfer_pin(day)
    for _ in range(10):
        port_approved_in_the_app(day)
    for _ in range(8):
        port_cancelled(day)
    for _ in range(3):
        business_port(day)
    for _ in range(6):
        port_on_the_day_of_a_sim_change(day)


def port_with_transfer_pin(day: Day) -> None:
    account = day.people.account(pin=day.rng.choice(("fit", "fit", None)))
    carrier, moment = day.rng.choice(CARRIERS), day.moment(7, 18)
    bound = carrier[0] if day.rng.random() < 0.3 else ""
    name = day.transfer_pin(
        moment, customer(account), account.line.msisdn, proof=own_proof(day, account), gaining_spid=bound
    )
    asked = day.later(moment, 3, 90)
    told = {"holder_name": account.owner.name} if day.rng.random() < 0.4 else {}
    if day.rng.random() < 0.2:
        told["zip"] = f"{account.zip_code}-0001"
    request = day.port(asked, account, carrier, CONFIRM, passcode=("transfer_pin", name), **told)
    if day.rng.random() < 0.05:
        day.sent_again("port-requests", request, asked + 31)
    if day.rng.random() < 0.9:
        day.execute(day.later(asked, 2, 8), request)


def port_corrected(day: Day, wrong: str) -> None:
    account, moment, carrier = day.people.account(pin=None), day.moment(7, 17), day.rng.choice(CARRIERS)
    name = day.transfer_pin(moment, customer(account), account.line.msisdn, proof=by_app(account))
    asked = day.later(moment, 3, 60)
    other = f"{int(account.zip_code) % 89_999 + 10_000:05d}"
    fields, code = {
        "zip": ({"zip": other}, "8D"),
        "account_number": ({"account_number": account.number[:-1] + ("1" if account.number[-1] != "1" else "2")}, "8A"),
        "holder_name": ({"holder_name": "Pat Somebody-Else"}, "8F"),
        "missing": ({"account_number": ""}, "8A"),
        "typo": ({"passcode": "000007"}, "8C"),
    }[wrong]
    passcode = ("transfer_pin", fields.pop("passcode", name))
    first = day.port(asked, account, carrier, deny(code), passcode=passcode, **fields)
    pon = next(row["pon"] for row in day.rows["port-requests"] if row["request_id"] == first)
    again = day.later(asked, 5, 30)
    day.execute(
        again + 240, day.port(again, account, carrier, CONFIRM, passcode=("transfer_pin", name), pon=pon)
    )


def port_without_transfer_pin(day: Day) -> None:
    """The account PIN was given, as with other carriers. It is matched and proves nothing; a transfer PIN does."""
    account, moment, carrier = day.people.account(), day.moment(8, 16), day.rng.choice(CARRIERS)
    first = day.port(moment, account, carrier, DELAY, passcode=("account_pin", account.pin))
    asked = day.later(moment, 10, 40)
    name = day.transfer_pin(asked, customer(account), account.line.msisdn, proof=own_proof(day, account))
    again = day.later(asked, 5, 30)
    request = day.port(again, account, carrier, CONFIRM, passcode=("transfer_pin", name), supersedes=first)
    day.execute(again + 300, request)


def port_approved_in_the_app(day: Day) -> None:
    account, moment, carrier = day.people.account(pin=None), day.moment(), day.rng.choice(CARRIERS)
    first = day.port(moment, account, carrier, DELAY)
    again = day.later(moment, 1, 9)
    request = day.port(again, account, carrier, CONFIRM, approve_on=account.device(), supersedes=first)
    day.execute(again + 200, request)


def port_cancelled(day: Day) -> None:
    """The customer stays: the gaining carrier cancels (SUP 1), and the permit is good for nothing."""
    account, moment, carrier = day.people.account(), day.moment(7, 17), day.rng.choice(CARRIERS)
    name = day.transfer_pin(moment, customer(account), account.line.msisdn, proof=own_proof(day, account))
    asked = day.later(moment, 5, 30)
    request = day.port(asked, account, carrier, CONFIRM, passcode=("transfer_pin", name))
    day.execute(asked + 120, request, "WITHDRAW")
    day.execute(asked + 180, request, "REDEEM", refused("PERMIT_VOID"))


def business_port(day: Day) -> None:
    """One of many lines leaves, asked for by the business's administrator."""
    account = day.people.account(kind="BUSINESS", lines=22, authorised_user=True)
    moment, carrier = day.moment(9, 16), day.rng.choice(CARRIERS)
    admin = replace(customer(account, person="p2", channel="WEB"), role="business_admin")
    proof = Proof(approve_on=account.device("p2"))
    name = day.transfer_pin(moment, admin, account.line.msisdn, proof=proof, gaining_spid=carrier[0])
    asked = day.later(moment, 10, 60)
    request = day.port(asked, account, carrier, CONFIRM, passcode=("transfer_pin", name))
    day.execute(asked + 300, request)


def port_on_the_day_of_a_sim_change(day: Day) -> None:
    """A right transfer PIN is not enough within 72 hours of a SIM change; an approval in the app is."""
    account, moment, carrier = day.people.account(), day.moment(8, 14), day.rng.choice(CARRIERS)
    name = day.transfer_pin(moment, customer(account), account.line.msisdn, proof=by_app(account))
    sim = day.sim(moment + 600, customer(account), account.line, day.card(), APPROVE, proof=by_app(account))
    day.execute(moment + 660, sim)
    first = day.port(moment + 3_600, account, carrier, DELAY, passcode=("transfer_pin", name))
    day.port(
        moment + 3_900, account, carrier, CONFIRM, passcode=("transfer_pin", name), approve_on=account.device(),
        supersedes=first,
    )  # fmt: skip


def sims(day: Day) -> None:
    for journey, times in (
        (upgrade_in_the_app, 50), (esim_from_the_old_phone, 30), (upgrade_at_the_pin_pad, 50), (clerk_then_pin_pad, 14),
        (care_then_app, 16), (voice_system, 12), (damaged_card, 12), (wrong_twice_then_right, 6), (lost_phone, 6),
        (new_phone_signed_in, 8), (pin_not_used_for_years, 4), (pin_from_the_carrier, 4), (far_from_home, 5),
        (heightened, 4), (locked_and_in_the_store, 4), (resets_then_the_old_phone, 3), (line_users_own_line, 5),
    ):  # fmt: skip
        for _ in range(times):
            journey(day)


def upgrade_in_the_app(day: Day) -> None:
    account, moment = day.people.account(), day.moment()
    channel = day.rng.choice(("APP", "WEB"))
    request = day.sim(
        moment, customer(account, channel=channel), account.line, day.card(), APPROVE, proof=Proof(account.pin)
    )
    if day.rng.random() < 0.1:
        day.sent_again("sim-changes", request, moment + 12)
    day.execute(moment + 60, request)


def esim_from_the_old_phone(day: Day) -> None:
    account, moment = day.people.account(pin=day.rng.choice(("fit", None))), day.moment()
    request = day.sim(moment, customer(account), account.line, day.chip(), APPROVE, proof=by_app(account))
    day.execute(moment + 45, request)


def upgrade_at_the_pin_pad(day: Day) -> None:
    account, moment, store = day.people.account(devices=day.rng.randrange(2)), day.moment(9, 20), day.rng.choice(STORES)
    miles = str(day.rng.randrange(1, 60))
    request = day.sim(
        moment, pad(store), account.line, day.card(), APPROVE, proof=Proof(account.pin), device_sale="yes",
        miles_from_home=miles, closes_in_minutes=str((20 * 3_600 + 3_600 - moment) // 60),
    )  # fmt: skip
    day.execute(moment + 300, request)


def clerk_then_pin_pad(day: Day) -> None:
    """What the clerk types proves nothing: the customer enters the PIN themselves."""
    account, moment, store = day.people.account(devices=0), day.moment(9, 19), day.rng.choice(STORES)
    who = clerk(store, len(day.rows["sim-changes"]))
    sim = day.card()
    day.sim(moment, who, account.line, sim, challenge("NO_CUSTOMER_PROOF"), device_sale="yes")
    again = moment + 95
    proof = Proof(account.pin)
    request = day.sim(again, pad(store), account.line, sim, APPROVE, proof=proof, device_sale="yes")
    day.execute(again + 240, request)


def care_then_app(day: Day) -> None:
    account, moment = day.people.account(pin=None), day.moment()
    who, sim = care(len(day.rows["sim-changes"])), day.card()
    first = day.sim(moment, who, account.line, sim, challenge("NO_CUSTOMER_PROOF"), cause="DAMAGED")
    again = day.later(moment, 1, 8)
    request = day.sim(
        again, who, account.line, sim, APPROVE, cause="DAMAGED", proof=by_app(account), supersedes=first
    )
    day.execute(again + 120, request)


def voice_system(day: Day) -> None:
    account, moment = day.people.account(devices=0), day.moment()
    request = day.sim(moment, ivr(), account.line, day.card(), APPROVE, cause="DAMAGED", proof=Proof(account.pin))
    day.execute(moment + 30, request)


def damaged_card(day: Day) -> None:
    account, moment, store = day.people.account(devices=0), day.moment(9, 18), day.rng.choice(STORES)
    request = day.sim(
        moment, pad(store), account.line, day.card(), APPROVE, cause="DAMAGED", proof=Proof(account.pin),
        imei=account.line.imei, device_sale="no", miles_from_home="4", old_iccid=account.line.iccid or "",
    )  # fmt: skip
    day.execute(moment + 200, request)


def wrong_twice_then_right(day: Day) -> None:
    account, moment, sim = day.people.account(), day.moment(), day.card()
    wrong = day.people.pin(account), day.people.pin(account)
    for nth, pin in enumerate(wrong):
        day.sim(moment + nth * 20, customer(account), account.line, sim, challenge("PIN_MISMATCH"), proof=Proof(pin))
    request = day.sim(moment + 60, customer(account), account.line, sim, APPROVE, proof=Proof(account.pin))
    day.execute(moment + 120, request)


def lost_phone(day: Day) -> None:
    """PIN right, phone gone: the tablet's app is the second class."""
    account, moment, store = day.people.account(devices=2), day.moment(9, 19), day.rng.choice(STORES)
    sim, tablet = day.chip(), account.device(nth=1)
    first = day.sim(
        moment, pad(store), account.line, sim, challenge("PHONE_NOT_AT_HAND"), cause="LOST", proof=Proof(account.pin)
    )
    request = day.sim(
        moment + 150, pad(store), account.line, sim, APPROVE, cause="LOST", proof=Proof(account.pin, tablet),
        supersedes=first,
    )  # fmt: skip
    day.execute(moment + 260, request)


def new_phone_signed_in(day: Day) -> None:
    account, moment, sim = day.people.account(), day.moment(), day.chip()
    new = stranger(account, len(day.rows["sim-changes"]))
    first = day.sim(moment, new, account.line, sim, challenge("NEW_DEVICE"), proof=Proof(account.pin))
    request = day.sim(
        moment + 70, new, account.line, sim, APPROVE, proof=by_app(account), supersedes=first
    )
    day.execute(moment + 100, request)


def pin_not_used_for_years(day: Day) -> None:
    account, moment, sim = day.people.account(pin="dormant"), day.moment(), day.card()
    day.sim(moment, customer(account), account.line, sim, challenge("PIN_DORMANT"), proof=Proof(account.pin))
    request = day.sim(
        moment + 40, customer(account), account.line, sim, APPROVE, proof=Proof(account.pin, account.device())
    )
    day.execute(moment + 90, request)


def pin_from_the_carrier(day: Day) -> None:
    account, moment, sim = day.people.account(pin="carrier"), day.moment(), day.card()
    day.sim(moment, customer(account), account.line, sim, challenge("PIN_IS_DEFAULT"), proof=Proof(account.pin))
    request = day.sim(moment + 40, customer(account), account.line, sim, APPROVE, proof=by_app(account))
    day.execute(moment + 90, request)


def far_from_home(day: Day) -> None:
    account, moment, store = day.people.account(), day.moment(9, 18), day.rng.choice(STORES)
    sim, place = day.card(), {"device_sale": "no", "miles_from_home": "1140"}
    proof = Proof(account.pin)
    first = day.sim(
        moment, pad(store), account.line, sim, challenge("SCORE_HIGH"), cause="DAMAGED", proof=proof, **place
    )
    request = day.sim(
        moment + 200, pad(store), account.line, sim, APPROVE, cause="DAMAGED",
        proof=Proof(account.pin, account.device()), supersedes=first, **place,
    )  # fmt: skip
    day.execute(moment + 300, request)


def heightened(day: Day) -> None:
    account, moment, sim = day.people.account(), day.moment(), day.card()
    account.line.flags.append("HEIGHTENED")
    day.sim(moment, customer(account), account.line, sim, challenge("FLAGGED"), proof=Proof(account.pin))
    request = day.sim(moment + 30, customer(account), account.line, sim, APPROVE, proof=by_app(account))
    day.execute(moment + 70, request)


def locked_and_in_the_store(day: Day) -> None:
    """The price of the lock: the owner, at the till, with everything right, must wait until the release takes effect."""
    account, moment, store = day.people.account(), day.moment(9, 19), day.rng.choice(STORES)
    line, sim = account.line, day.card()
    day.people.lock(account, "SIM", line)
    proof = Proof(account.pin)
    day.sim(moment, pad(store), line, sim, deny("LOCK_ON"), proof=proof, device_sale="yes")
    day.release(
        moment + 90, customer(account), line.msisdn, "SIM", APPROVE, proof=by_app(account),
        only_for=f"ICCID {sim[1]}",
    )  # fmt: skip
    day.sim(moment + 150, pad(store), line, sim, deny("COOLING_DOWN"), proof=proof, device_sale="yes")


def resets_then_the_old_phone(day: Day) -> None:
    """A new PIN and a new mailbox in one day look like a takeover; an app key older than both speaks for the owner."""
    account, moment, store = day.people.account(), day.moment(9, 15), day.rng.choice(STORES)
    owner, line, sim = customer(account), account.line, day.card()
    new_pin, address = day.people.pin(account), f"new.{account.account_id}@mail.example"
    day.pin_change(moment, owner, account, new_pin, APPROVE, proof=by_app(account))
    mail = ("EMAIL", "p1-mail", address)
    day.execute(moment + 340, day.other(moment + 300, owner, line, mail, APPROVE, by_app(account)))
    denied = deny("RESET_RECENTLY")
    day.sim(moment + 3_000, pad(store), line, sim, denied, proof=Proof(new_pin), device_sale="yes")
    request = day.sim(moment + 3_120, owner, line, sim, APPROVE, proof=by_app(account))
    day.execute(moment + 3_200, request)


def line_users_own_line(day: Day) -> None:
    account, moment = day.people.account(lines=2, line_user=True), day.moment()
    person = account.persons[-1].person_id
    phone = account.device(person)
    asker = customer(account, phone, person)
    request = day.sim(moment, asker, account.lines[-1], day.chip(), APPROVE, proof=Proof(approve_on=phone))
    day.execute(moment + 30, request)


def locks(day: Day, quiet: list[Account]) -> None:
    # In the evening, when nothing else happens on these accounts any more: a lock takes no proof.
    for nth, account in enumerate(day.rng.sample(quiet, 150)):
        lock_on(day, account, nth)
    for _ in range(30):
        release_in_the_app(day)
    for _ in range(12):
        release_with_the_pin_alone(day)
    for _ in range(16):
        release_cancelled(day)
    for _ in range(8):
        lock_family_line(day)


def lock_on(day: Day, account: Account, nth: int) -> None:
    moment = day.moment(21, 23)
    whole = len(account.lines) > 1 and day.rng.random() < 0.4
    scope = account.account_id if whole else account.line.msisdn
    lock_set = day.rng.choices(("PORT", "SIM", "ALL"), (50, 30, 20))[0]
    askers = [care(nth), ivr(), clerk(day.rng.choice(STORES), nth)]
    if account.devices:
        askers += [customer(account), customer(account, channel="WEB"), stranger(account, nth)] * 2
    day.lock(moment, day.rng.choice(askers), scope, lock_set)


def locked_account(day: Day, lock_set: str = "PORT") -> Account:
    account = day.people.account()
    day.people.lock(account, lock_set, account.line)
    return account


def release_in_the_app(day: Day) -> None:
    account, moment = locked_account(day, day.rng.choice(("PORT", "SIM"))), day.moment()
    lock_set = account.locks[0]["set"].removeprefix("LOCK_SET_")
    only_for = f"SPID {day.rng.choice(CARRIERS)[0]}" if lock_set == "PORT" and day.rng.random() < 0.5 else ""
    day.release(
        moment, customer(account), account.line.msisdn, lock_set, APPROVE, proof=by_app(account), only_for=only_for
    )
    if day.rng.random() < 0.3:
        # The store cannot tell that it is too early: the engine can.
        if lock_set == "SIM":
            day.sim(
                moment + 200, pad("S101"), account.line, day.card(), deny("COOLING_DOWN"), proof=Proof(account.pin)
            )
        else:
            day.port(moment + 200, account, day.rng.choice(CARRIERS), deny("6P"))


def release_with_the_pin_alone(day: Day) -> None:
    """Turning a lock off takes strong proof; the PIN is not."""
    account, moment = locked_account(day), day.moment()
    line = account.line.msisdn
    weak = challenge("PROOF_TOO_WEAK")
    day.release(moment, customer(account), line, "PORT", weak, proof=Proof(account.pin), window_hours="48")
    day.release(moment + 45, customer(account), line, "PORT", APPROVE, proof=by_app(account), window_hours="48")


def release_cancelled(day: Day) -> None:
    account, moment = locked_account(day, "SIM"), day.moment()
    line = account.line.msisdn
    request = day.release(moment, customer(account), line, "SIM", APPROVE, proof=by_app(account))
    asker = day.rng.choice((customer(account), care(len(day.rows["lock-switches"]))))
    day.cancel(moment + 420, asker, line, request, OK)
    proof = Proof(account.pin)
    day.sim(moment + 500, pad("S102"), account.line, day.card(), deny("LOCK_ON"), proof=proof, cause="DAMAGED")


def lock_family_line(day: Day) -> None:
    """An authorised user may lock, and may not unlock."""
    account, moment = day.people.account(pin=None, lines=2, authorised_user=True), day.moment()
    asker = customer(account, person="p2")
    line = account.lines[1].msisdn
    day.lock(moment, asker, line, "ALL")
    proof = Proof(approve_on=account.device("p2"))
    day.release(moment + 300, asker, line, "ALL", deny("OWNER_ONLY"), proof=proof)


def pins(day: Day) -> None:
    for _ in range(24):
        account = day.people.account()
        asker = customer(account, channel=day.rng.choice(("APP", "WEB")))
        day.pin_change(day.moment(), asker, account, day.people.pin(account), APPROVE, proof=own_proof(day, account))
    for _ in range(8):
        account = day.people.account(devices=0)
        asker = day.rng.choice((ivr(), pad(day.rng.choice(STORES))))
        day.pin_change(day.moment(), asker, account, day.people.pin(account), APPROVE, proof=Proof(account.pin))
    for guessable in ("123456", "112233", "147258", "199001", "654321"):
        account, moment = day.people.account(), day.moment()
        day.pin_change(moment, customer(account), account, guessable, refused("PIN_GUESSABLE"), proof=by_app(account))
        day.pin_change(
            moment + 30, customer(account), account, day.people.pin(account), APPROVE, proof=by_app(account)
        )
    for _ in range(3):
        account, moment = day.people.account(), day.moment()
        same = refused("PIN_UNCHANGED")
        day.pin_change(moment, customer(account), account, account.pin, same, proof=by_app(account))
    for _ in range(4):
        account, moment = day.people.account(), day.moment()
        day.other(moment, customer(account), account.line, ("POSTAL", "p1-post", "10199"), APPROVE, by_app(account))
    for _ in range(4):
        account, moment = day.people.account(pin=None), day.moment()
        target = day.people.number()
        request = day.other(
            moment, customer(account), account.line, ("FORWARDING", "", target), APPROVE, by_app(account)
        )
        day.execute(moment + 20, request)
    for nth in range(5):
        account, moment = day.people.account(pin=None), day.moment()
        public = AppKey(f"{account.account_id} new phone", p256=False).public_jwk()
        change = ("DEVICE", "Specimen Two", public["x"])
        request = day.other(moment, stranger(account, 9_000 + nth), account.line, change, APPROVE, by_app(account))
        day.execute(moment + 10, request)


def everything(day: Day) -> None:
    ports(day)
    gone = len(day.people.accounts)
    sims(day)
    pins(day)
    locks(day, [account for account in day.people.accounts[gone:] if not account.locks])
