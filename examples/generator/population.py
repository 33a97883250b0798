"""Subscribers: accounts, persons, contacts, lines, devices, PINs, locks. All of them made up."""

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from . import formats
from .approvals import AppKey

BRAND = "default"

# Everything on record is older than this; what must be recent happens during the day.
RECORDS_END = datetime(2026, 10, 31, tzinfo=timezone.utc)

# Lines that have no part in the day: whoever reads along may try things on them.
TRY_NUMBERS = ("+12125550142", "+12125550143")
TRY_PIN = "482951"

FIRST_NAMES = """Ada Alma Ana Ari Avery Bea Bo Cal Cleo Dara Dev Eli Emi Esme Faye Finn Gia Gus Hana Hugo Ida Ines Ivo
Jade Jonas Juno Kai Kira Lana Leo Lior Luz Mae Mara Milo Mina Nadia Nico Nora Odin Ola Otis Pia Quinn Rafa Remy Rosa
Sami Sena Silas Suki Tara Theo Uma Vera Wade Wren Xena Yara Zane""".split()
LAST_NAMES = """Abbott Alder Ames Archer Bell Birch Brandt Calder Castell Cole Crane Dale Dunn Ellery Fane Finch Ford
Garner Hale Harper Hollis Ingram Jarvis Keller Lark Linden Marsh Mercer Nash Oakes Orr Paxton Perry Quill Reeve Rowan
Sato Shaw Sorrel Tate Thorne Underhill Vance Vega Ward Weller Wilde York Zeller""".split()
FIRMS = "Acre Beacon Cobalt Delta Ember Fathom Garnet Harbor Indigo Juniper Keystone Lantern Meridian Nimbus".split()
MODELS = ("Specimen One", "Specimen One Mini", "Sample Fold", "Sample 12", "Placeholder Pro", "Tablet Example 9")


@dataclass
class Device:
    device_id: str
    person: str
    key: AppKey
    model: str
    added: datetime


@dataclass
class Line:
    line_id: str
    msisdn: str
    iccid: str | None
    eid: str | None
    imei: str
    since: datetime
    status: str = "ACTIVE"
    flags: list[str] = field(default_factory=list)


@dataclass
class Person:
    person_id: str
    role: str
    name: str
    zip_code: str
    contacts: list[dict]
    line_ids: list[str] = field(default_factory=list)


@dataclass
class Account:
    account_id: str
    number: str
    kind: str
    persons: list[Person]
    lines: list[Line]
    devices: list[Device] = field(default_factory=list)
    locks: list[dict] = field(default_factory=list)
    pin: str | None = None
    pin_set: datetime | None = None
    pin_by_carrier: bool = False

    @property
    def owner(self) -> Person:
        return self.persons[0]

    @property
    def line(self) -> Line:
        return self.lines[0]

    @property
    def zip_code(self) -> str:
        return self.owner.zip_code

    def device(self, person: str = "p1", nth: int = 0) -> Device:
        return [device for device in self.devices if device.person == person][nth]


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


class Population:
    """Makes accounts as the day needs them, always the same ones."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        numbers = [f"+1{npa}5550{last}" for npa in formats.AREA_CODES for last in range(100, 200)]
        self.rng.shuffle(numbers)
        self.numbers = [number for number in numbers if number not in TRY_NUMBERS]
        self.accounts: list[Account] = []
        self.serial = 0

    def next_serial(self) -> int:
        self.serial += self.rng.randrange(3, 90)
        return self.serial

    def number(self) -> str:
        return self.numbers.pop()

    def before(self, days_min: int, days_max: int) -> datetime:
        ago = timedelta(days=self.rng.randrange(days_min, days_max), seconds=self.rng.randrange(86_400))
        return (RECORDS_END - ago).replace(microsecond=0)

    def try_accounts(self) -> None:
        """The first two subscribers, alike, but that all of the second is locked."""
        for number in TRY_NUMBERS:
            self.numbers.append(number)
            account = self.account(kind="POSTPAID", lines=1, pin=TRY_PIN)
        self.lock(account, "ALL", None)

    def zip_code(self) -> str:
        return f"{self.rng.randrange(1_001, 99_950):05d}"

    def pin(self, account: Account) -> str:
        """Six digits without a pattern, a date or a piece of what the account gives away."""
        while True:
            pin = f"{self.rng.randrange(1_000_000):06d}"
            pairs = (int(pin[:2]), int(pin[2:4]), int(pin[4:]))
            given_away = [account.zip_code, account.number, *(line.msisdn[-4:] for line in account.lines)]
            steps = [abs(int(a) - int(b)) for a, b in zip(pin, pin[1:])]
            if (
                len(set(pin)) >= 5
                and min(pairs) > 31
                and all(step > 1 for step in steps)
                and not any(part in pin or pin in part for part in given_away)
            ):
                return pin

    def holder(self) -> str:
        return f"{self.rng.choice(FIRST_NAMES)} {self.rng.choice(LAST_NAMES)}"

    def person(self, person_id: str, role: str, name: str, zip_code: str, email: bool = True) -> Person:
        handle = name.lower().replace(" ", ".")
        since = stamp(self.before(200, 2_000))
        contacts = []
        if email:
            address = f"{handle}.{self.rng.randrange(10, 999)}@mail.example"
            contacts.append({"contact_id": f"{person_id}-mail", "email": address, "since_time": since})
        if role == "OWNER":
            contacts.append({"contact_id": f"{person_id}-post", "postal_code": zip_code, "since_time": since})
        return Person(person_id, role, name, zip_code, contacts)

    def new_line(self, account_id: str, nth: int) -> Line:
        has_esim = self.rng.random() < 0.35
        return Line(
            line_id=f"{account_id.replace('acct', 'line')}-{nth}",
            msisdn=self.number(),
            iccid=None if has_esim else formats.iccid(self.next_serial()),
            eid=formats.eid(self.next_serial()) if has_esim else None,
            imei=formats.imei(self.next_serial()),
            since=self.before(60, 1_500),
        )

    def account(
        self,
        *,
        kind: str | None = None,
        lines: int | None = None,
        pin: str | None = "fit",
        devices: int = 1,
        authorised_user: bool = False,
        line_user: bool = False,
        email: bool = True,
    ) -> Account:
        """A new account. `pin` is `fit`, `dormant`, `carrier` (made by it), other digits, or none."""
        rng = self.rng
        kind = kind or rng.choices(("POSTPAID", "PREPAID", "BUSINESS"), (70, 22, 8))[0]
        account_id = f"acct-{200_000 + len(self.accounts) * 7 + rng.randrange(7)}"
        digits = f"{rng.randrange(10**9):09d}"
        number = {"POSTPAID": digits, "PREPAID": f"0{digits}", "BUSINESS": f"B{digits}"}[kind]
        name = self.holder() if kind != "BUSINESS" else f"{rng.choice(FIRMS)} {rng.choice(LAST_NAMES)}"
        owner = self.person("p1", "OWNER", name, self.zip_code(), email)
        account = Account(account_id, number, kind, [owner], [])
        for nth in range(1, (lines or rng.choices((1, 2, 3, 4), (62, 22, 10, 6))[0]) + 1):
            account.lines.append(self.new_line(account_id, nth))
        for nth in range(devices):
            self.add_device(account, "p1", nth)
        if authorised_user:
            self.add_person(account, "AUTHORISED_USER", account.lines)
        if line_user:
            self.add_person(account, "LINE_USER", account.lines[-1:])
        self.set_pin(account, pin)
        self.accounts.append(account)
        return account

    def add_person(self, account: Account, role: str, lines: list[Line]) -> Person:
        person = self.person(f"p{len(account.persons) + 1}", role, self.holder(), account.zip_code)
        person.line_ids = [line.line_id for line in lines]
        account.persons.append(person)
        self.add_device(account, person.person_id, 0)
        return person

    def add_device(self, account: Account, person: str, nth: int) -> Device:
        device_id = f"{account.account_id.replace('acct', 'dev')}-{person}-{nth + 1}"
        key = AppKey(device_id, p256=self.rng.random() < 0.2)
        device = Device(device_id, person, key, self.rng.choice(MODELS), self.before(10, 500))
        account.devices.append(device)
        return device

    def set_pin(self, account: Account, kind: str | None) -> None:
        if kind is None:
            return
        account.pin = kind if kind.isdigit() else self.pin(account)
        account.pin_set = self.before(1_500, 2_500) if kind == "dormant" else self.before(5, 300)
        account.pin_by_carrier = kind == "carrier"

    def lock(self, account: Account, lock_set: str, line: Line | None, reason: str | None = None) -> None:
        lock = {"set": f"LOCK_SET_{lock_set}", "holder": "LOCK_HOLDER_CUSTOMER", "since_time": stamp(self.before(5, 700))}
        if reason:
            lock |= {"holder": "LOCK_HOLDER_CARRIER", "reason_code": reason}
        if line:
            lock["line_id"] = line.line_id
        account.locks.append(lock)


def seed(account: Account) -> str:
    """One line of the subscriber file: an AccountSeed in the contract's JSON, with the field names of the .proto files."""

    def line_json(line: Line) -> dict:
        sim = {"iccid": line.iccid} if line.iccid else {"eid": line.eid}
        flags = {"flags": [f"LINE_FLAG_{flag}" for flag in line.flags]} if line.flags else {}
        return {
            "line_id": line.line_id, "msisdn": line.msisdn, **sim, "imei": line.imei,
            "sim_since_time": stamp(line.since), "status": f"LINE_STATUS_{line.status}", **flags,
        }  # fmt: skip

    def person_json(person: Person) -> dict:
        lines = {"line_ids": person.line_ids} if person.line_ids else {}
        return {
            "person_id": person.person_id, "role": f"PERSON_ROLE_{person.role}", "name": person.name,
            "postal_code": person.zip_code, "contacts": person.contacts, **lines,
        }  # fmt: skip

    def device_json(device: Device) -> dict:
        return {
            "device_id": device.device_id, "public_key_jwk": device.key.public_jwk_text(), "model": device.model,
            "added_time": stamp(device.added), "person_id": device.person,
        }  # fmt: skip

    whole = {
        "account": {
            "account_id": account.account_id, "brand": BRAND, "account_number": account.number,
            "kind": f"ACCOUNT_KIND_{account.kind}", "persons": [person_json(person) for person in account.persons],
        },
        "lines": [line_json(line) for line in account.lines],
    }  # fmt: skip
    if account.locks:
        whole["locks"] = account.locks
    if account.pin:
        whole |= {"pin": account.pin, "pin_set_time": stamp(account.pin_set)}
        if account.pin_by_carrier:
            whole["pin_carrier_generated"] = True
    if account.devices:
        whole["devices"] = [device_json(device) for device in account.devices]
    return json.dumps(whole, separators=(",", ":"))
