"""A carrier's messaging system, as it receives messages: HTTPS, and whatever verifies Standard Webhooks.

    receiver.py FOLDER SECRET [MOOD ...]

serves with FOLDER/receiver.pem and receiver.key on a free port and prints the port, then a line of JSON a message: what
verifying said of it, and of how many copies with one bit turned. SECRET is `whsec_...`, for the standard's own library, or a
public key `whpk_...`, for which that has nothing. Answers 204 where the message is believed, 401 where not. MOODs are how it takes
the first messages, one each: `fails` answers 500, `hangs` answers nothing until who sends has gone.
"""

import base64
import http.server
import json
import pathlib
import ssl
import sys
import threading

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

# Several messages come at a time.
ONE_LINE = threading.Lock()
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


def verify(secret: str, body: bytes, headers: dict[str, str]) -> str:
    """Why a message is not believed; nothing where it is."""
    try:
        if secret.startswith("whsec_"):
            Webhook(secret).verify(body, headers)
            return ""
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(secret.removeprefix("whpk_")))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        for signature in headers["webhook-signature"].split(" "):
            version, _, text = signature.partition(",")
            if version == "v1a":
                public.verify(base64.b64decode(text), signed)
                return ""
        return "no signature of this kind"
    except (WebhookVerificationError, InvalidSignature, ValueError) as refusal:
        return f"{type(refusal).__name__}: {refusal}"


def altered(body: bytes, headers: dict[str, str]):
    """The message with one bit turned, at each byte of its body, its id and its time."""
    for place in range(len(body)):
        turned = bytearray(body)
        turned[place] ^= 1
        yield bytes(turned), headers
    for name in SIGNED[:2]:
        for place in range(len(headers[name])):
            text = headers[name]
            yield body, headers | {name: text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]}


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name: self.headers[name] for name in SIGNED}
        refusal = verify(self.server.secret, body, headers)
        mood = self.server.moods.pop(0) if self.server.moods else "takes"
        copies = list(altered(body, headers))
        believed = sum(1 for copy in copies if not verify(self.server.secret, *copy))
        told = {"refusal": refusal, "copies": len(copies), "believed": believed, "event": json.loads(body)}
        told |= {"id": headers["webhook-id"], "mood": mood}
        with ONE_LINE:
            print(json.dumps(told), flush=True)
        if mood == "hangs":
            self.connection.recv(1)
            return
        self.send_response(500 if mood == "fails" else 401 if refusal else 204)
        self.end_headers()

    def log_message(self, *_args) -> None:
        pass


def main() -> None:
    folder, secret = pathlib.Path(sys.argv[1]), sys.argv[2]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "receiver.pem", folder / "receiver.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.secret, server.moods = secret, sys.argv[3:]
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
