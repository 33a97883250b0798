"""Numbers of the field, each with the check digits that it must have."""

import uuid

# Area codes in service, spread over the country. The exchange 555 with 0100 to 0199 is kept for fiction in each of them.
AREA_CODES = (
    201, 202, 203, 205, 206, 207, 208, 210, 212, 213, 214, 216, 217, 218, 301, 303, 304, 305, 307, 308, 312, 313, 314,
    316, 401, 402, 404, 405, 406, 407, 412, 414, 415, 417, 419, 501, 502, 503, 504, 505, 512, 513, 515, 518, 601, 602,
    603, 605, 608, 612, 615, 701, 702, 704, 712, 713, 715, 716, 718, 719, 801, 802, 803, 804, 808, 812, 814, 816, 901,
    904, 907, 913, 915, 918,
)  # fmt: skip

REQUEST_NAMESPACE = uuid.UUID("6f1c3e52-6a0b-5b0e-9d53-0d0a55501000")


def luhn(body: str) -> str:
    """`body` with its Luhn check digit."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def iccid(number: int) -> str:
    """An ICCID: 89, country 01, an issuer that does not exist, a serial, and the check digit."""
    return luhn(f"890199{number:013d}")


def imei(number: int) -> str:
    """An IMEI under 00, the type allocation for test equipment."""
    return luhn(f"00101{number:09d}")


def eid(number: int) -> str:
    """An EID: 30 digits and two more that make the whole 1 modulo 97."""
    body = f"89001012{number:022d}"
    return f"{body}{98 - int(body) * 100 % 97:02d}"


def request_id(name: str) -> str:
    """The UUID of a request, always the same for the same name."""
    return str(uuid.uuid5(REQUEST_NAMESPACE, name))
