"""The day: one sheet a kind of request, in the field's own columns, and beside each row what must come of it."""

from dataclasses import dataclass, replace

from . import formats
from .approvals import signed_text
from .population import Account, Device, Line, Population

# Who asks, in every sheet but the port requests, where it is the gaining carrier.
ASKER = ("channel", "role", "who", "store", "device")
# What the day says of each row: the outcome, the reasons or codes that come with it, and the story it belongs to.
VERDICT = ("expect", "told", "story")

SHEETS = {
    "port-requests": (
        "request_id", "time", "pon", "gaining_spid", "gaining_name", "msisdn", "account_number", "zip", "holder_name",
        "passcode_kind", "passcode", "app_device", "app_signature", "supersedes", *VERDICT,
    ),
    "sim-changes": (
        "request_id", "time", *ASKER, "msisdn", "iccid", "eid", "imei", "cause", "old_iccid", "pin", "app_device",
        "app_signature", "offered", "device_sale", "miles_from_home", "closes_in_minutes", "supersedes", *VERDICT,
    ),
    "lock-switches": (
        "request_id", "time", *ASKER, "step", "scope", "set", "holder", "only_for", "window_hours", "pin", "app_device",
        "app_signature", "release_of", *VERDICT,
    ),
    "pin-changes": (
        "request_id", "time", *ASKER, "account_id", "new_pin", "pin", "app_device", "app_signature", *VERDICT,
    ),
    "transfer-pins": (
        "request_id", "time", *ASKER, "name", "scope", "gaining_spid", "pin", "app_device", "app_signature", *VERDICT,
    ),
    "other-changes": (
        "request_id", "time", *ASKER, "msisdn", "change", "subject", "value", "pin", "app_device", "app_signature",
        *VERDICT,
    ),
    "executions": ("request_id", "time", "decision_of", "step", "msisdn", "iccid", "gaining_spid", *VERDICT),
}  # fmt: skip


@dataclass(frozen=True)
class Asker:
    """An identity, as its access token names it."""

    channel: str
    role: str
    who: str
    store: str = ""
    device: str = ""

    def columns(self) -> dict:
        return {name: getattr(self, name) for name in ASKER}


def customer(account: Account, device: Device | None = None, person: str = "p1", channel: str = "APP") -> Asker:
    """A person of the account, signed in on their own first device unless told otherwise."""
    device_id = device.device_id if device else account.device(person).device_id
    return Asker(channel, "customer", f"{account.account_id}/{person}", device=device_id)


def stranger(account: Account, nth: int, person: str = "p1", channel: str = "APP") -> Asker:
    """Whoever has the log-in, on a device that the account has never seen."""
    return Asker(channel, "customer", f"{account.account_id}/{person}", device=f"dev-never-seen-{nth}")


def clerk(store: str, nth: int) -> Asker:
    return Asker("STORE", "retail_agent", f"clerk-{store}-{nth}", store=store)


def manager(store: str) -> Asker:
    return Asker("STORE", "retail_manager", f"manager-{store}", store=store)


def pad(store: str) -> Asker:
    return Asker("STORE", "pin_pad", f"pad-{store}", store=store)


def care(nth: int) -> Asker:
    return Asker("CARE", "care_agent", f"care-{nth}")


def ivr() -> Asker:
    return Asker("IVR", "ivr", "ivr-1")


@dataclass(frozen=True)
class Expect:
    """What must come of a row."""

    outcome: str
    told: str = ""
    story: str = ""

    def columns(self) -> dict:
        return {"expect": self.outcome, "told": self.told, "story": self.story}

    def of(self, story: str) -> "Expect":
        return replace(self, story=story)


APPROVE = Expect("APPROVE")
OK = Expect("OK")


def challenge(*reasons: str) -> Expect:
    return Expect("CHALLENGE", " ".join(reasons))


def deny(*reasons: str) -> Expect:
    return Expect("DENY", " ".join(reasons))


def refused(*reasons: str) -> Expect:
    return Expect("REFUSED", " ".join(reasons))


# What the gaining carrier hears, in WICIS.
CONFIRM = Expect("APPROVE", "confirm")
DELAY = Expect("CHALLENGE", "delay")


@dataclass(frozen=True)
class Proof:
    """What is offered with a request."""

    pin: str = ""
    approve_on: Device | None = None


NOTHING = Proof()


class Day:
    """Collects the rows and signs what the customers' devices approve."""

    def __init__(self, people: Population):
        self.people = people
        self.rng = people.rng
        self.rows: dict[str, list[dict]] = {name: [] for name in SHEETS}
        self.issued = 0
        self.handsets: dict[tuple[str, str], str] = {}

    def moment(self, first_hour: int = 8, last_hour: int = 19) -> int:
        """A second of the day."""
        return self.rng.randrange(first_hour * 3_600, last_hour * 3_600)

    def later(self, moment: int, low_minutes: int = 1, high_minutes: int = 20) -> int:
        return moment + self.rng.randrange(low_minutes * 60, high_minutes * 60)

    def add(self, sheet: str, moment: int, columns: dict, expect: Expect, name: str = "") -> str:
        request = formats.request_id(name or f"{sheet} {len(self.rows[sheet]) + 1}")
        clock = f"{moment // 3_600:02d}:{moment // 60 % 60:02d}:{moment % 60:02d}"
        row = {"request_id": request, "time": clock, **columns, **expect.columns()}
        unknown = set(row) - set(SHEETS[sheet])
        assert not unknown, f"{sheet} has no column {unknown}"
        self.rows[sheet].append(row)
        return request

    def proof(self, request: str, proof: Proof, scope: str, action: str, fields: list[tuple[str, str]]) -> dict:
        columns = {"pin": proof.pin}
        if proof.approve_on:
            text = signed_text(request, scope, action, fields)
            columns |= {"app_device": proof.approve_on.device_id, "app_signature": proof.approve_on.key.sign(text)}
        return columns

    def next_request(self, sheet: str) -> str:
        return formats.request_id(f"{sheet} {len(self.rows[sheet]) + 1}")

    def port(
        self,
        moment: int,
        account: Account,
        carrier: tuple[str, str],
        expect: Expect,
        *,
        line: Line | None = None,
        passcode: tuple[str, str] = ("", ""),
        approve_on: Device | None = None,
        supersedes: str = "",
        pon: str = "",
        **fields: str,
    ) -> str:
        """A wireless port request, as the gaining carrier sends it. `fields` replace what the customer should have given."""
        line = line or account.line
        number = len(self.rows["port-requests"]) + 1
        given = {
            "msisdn": line.msisdn, "account_number": account.number, "zip": account.zip_code, "holder_name": "", **fields,
        }  # fmt: skip
        request = self.next_request("port-requests")
        approval = self.proof(
            request, Proof("", approve_on), given["msisdn"], "PORT_OUT", [("gaining_spid", carrier[0])]
        )
        del approval["pin"]
        columns = {
            "pon": pon or f"{carrier[0]}-{40_000 + number}", "gaining_spid": carrier[0], "gaining_name": carrier[1],
            "passcode_kind": passcode[0], "passcode": passcode[1], "supersedes": supersedes, **given, **approval,
        }  # fmt: skip
        return self.add("port-requests", moment, columns, expect)

    def sim(
        self,
        moment: int,
        asker: Asker,
        line: Line,
        sim: tuple[str, str],
        expect: Expect,
        *,
        cause: str = "UPGRADE",
        proof: Proof = NOTHING,
        imei: str | None = None,
        **columns: str,
    ) -> str:
        """A SIM change; `sim` is `("iccid", digits)` or `("eid", digits)`."""
        request = self.next_request("sim-changes")
        offered = self.proof(request, proof, line.msisdn, "SIM_CHANGE", [sim])
        if imei is None:
            # The same new SIM goes into the same handset, however often it is asked for.
            imei = self.handsets.setdefault(sim, formats.imei(self.people.next_serial()))
        row = {"msisdn": line.msisdn, sim[0]: sim[1], "imei": imei, "cause": cause, **columns, **offered}
        return self.add("sim-changes", moment, {**asker.columns(), **row}, expect)

    def card(self) -> tuple[str, str]:
        return ("iccid", formats.iccid(self.people.next_serial()))

    def chip(self) -> tuple[str, str]:
        return ("eid", formats.eid(self.people.next_serial()))

    def lock(
        self, moment: int, asker: Asker, scope: str, lock_set: str, expect: Expect = OK, holder: str = "CUSTOMER"
    ) -> str:
        columns = {"step": "ON", "scope": scope, "set": lock_set, "holder": holder}
        return self.add("lock-switches", moment, {**asker.columns(), **columns}, expect)

    def release(
        self,
        moment: int,
        asker: Asker,
        scope: str,
        lock_set: str,
        expect: Expect,
        *,
        proof: Proof = NOTHING,
        only_for: str = "",
        window_hours: str = "",
    ) -> str:
        """Asks for a lock's release: for one change (`SPID X201` or `ICCID 89...`), or for some hours."""
        request = self.next_request("lock-switches")
        window_hours = "" if only_for else window_hours or "24"
        kind, _, value = only_for.partition(" ")
        opens = {
            "": [("window_seconds", str(int(window_hours or 0) * 3_600))],
            "SPID": [("only_for", "PORT_OUT"), ("only_for", f"gaining_spid={value}")],
            "ICCID": [("only_for", "SIM_CHANGE"), ("only_for", f"iccid={value}")],
        }[kind]
        fields = [("set", lock_set), ("holder", "CUSTOMER"), *opens]
        offered = self.proof(request, proof, scope, "LOCK_RELEASE", fields)
        columns = {
            "step": "RELEASE", "scope": scope, "set": lock_set, "holder": "CUSTOMER", "only_for": only_for,
            "window_hours": window_hours, **offered,
        }  # fmt: skip
        return self.add("lock-switches", moment, {**asker.columns(), **columns}, expect)

    def cancel(self, moment: int, asker: Asker, scope: str, release: str, expect: Expect = OK) -> str:
        columns = {"step": "CANCEL", "scope": scope, "release_of": release}
        return self.add("lock-switches", moment, {**asker.columns(), **columns}, expect)

    def pin_change(
        self, moment: int, asker: Asker, account: Account, new_pin: str, expect: Expect, proof: Proof = NOTHING
    ) -> str:
        request = self.next_request("pin-changes")
        offered = self.proof(request, proof, account.account_id, "PIN_CHANGE", [])
        columns = {"account_id": account.account_id, "new_pin": new_pin, **offered}
        return self.add("pin-changes", moment, {**asker.columns(), **columns}, expect)

    def transfer_pin(
        self,
        moment: int,
        asker: Asker,
        scope: str,
        expect: Expect = APPROVE,
        *,
        proof: Proof = NOTHING,
        gaining_spid: str = "",
    ) -> str:
        """Asks for a transfer PIN. Its value is known only to the customer, on the day: other rows name it."""
        self.issued += 1
        name = f"tp-{self.issued:03d}"
        request = self.next_request("transfer-pins")
        offered = self.proof(request, proof, scope, "TRANSFER_PIN_ISSUE", [("gaining_spid", gaining_spid)])
        columns = {"name": name, "scope": scope, "gaining_spid": gaining_spid, **offered}
        self.add("transfer-pins", moment, {**asker.columns(), **columns}, expect)
        return f"issued:{name}"

    def other(
        self,
        moment: int,
        asker: Asker,
        line: Line,
        change: tuple[str, str, str],
        expect: Expect,
        proof: Proof = NOTHING,
    ) -> str:
        """`FORWARDING`: to a number. `DEVICE`: a model and the x of its Ed25519 key. `EMAIL`, `POSTAL`, `REMOVE`: a contact."""
        request = self.next_request("other-changes")
        kind, subject, value = change
        action, fields = {
            "FORWARDING": ("CALL_FORWARDING_SET", [("target_msisdn", value)]),
            "DEVICE": ("DEVICE_ADD", [("public_key_jwk", f'{{"crv":"Ed25519","kty":"OKP","x":"{value}"}}')]),
            "EMAIL": ("CONTACT_CHANGE", [("contact_id", subject), ("email", value)]),
            "POSTAL": ("CONTACT_CHANGE", [("contact_id", subject), ("postal_code", value)]),
            "REMOVE": ("CONTACT_CHANGE", [("contact_id", subject), ("remove", "true")]),
        }[kind]
        offered = self.proof(request, proof, line.msisdn, action, fields)
        columns = {"msisdn": line.msisdn, "change": kind, "subject": subject, "value": value, **offered}
        return self.add("other-changes", moment, {**asker.columns(), **columns}, expect)

    def execute(self, moment: int, decision_of: str, step: str = "REDEEM", expect: Expect = OK, **other: str) -> str:
        """What the executing system does with a decision: redeem its permit (for what `other` names, if that differs)."""
        columns = {"decision_of": decision_of, "step": step, **other}
        return self.add("executions", moment, {**columns}, expect)

    def sent_again(self, sheet: str, request: str, moment: int) -> None:
        """The same request once more, as after a lost answer."""
        row = next(row for row in self.rows[sheet] if row["request_id"] == request)
        self.rows[sheet].append({**row, "time": f"{moment // 3_600:02d}:{moment // 60 % 60:02d}:{moment % 60:02d}"})

    def csv(self, sheet: str) -> str:
        """The sheet in the order of the day. No cell has a comma or a quote, so every reader can read it."""
        columns = SHEETS[sheet]
        rows = sorted(self.rows[sheet], key=lambda row: row["time"])
        lines = [",".join(columns)]
        for row in rows:
            cells = [row.get(column, "") for column in columns]
            assert not any(set(cell) & set(',"\n') for cell in cells), f"{sheet}: {cells}"
            lines.append(",".join(cells))
        return "\n".join(lines) + "\n"
