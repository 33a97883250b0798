"""Where an OpenID provider publishes its keys: FOLDER/jwks.json, over HTTPS, on a free port of this machine.

    publisher.py FOLDER

prints the port, then serves until its standard input ends. FOLDER/mood may say `broken` (500), `elsewhere` (a redirect) or
`empty` (a set without a key);
FOLDER/asked grows by a line with each request.
"""

import pathlib
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

FOLDER = pathlib.Path(sys.argv[1])


class Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        with (FOLDER / "asked").open("a") as asked:
            asked.write(self.path + "\n")
        mood = FOLDER / "mood"
        said = mood.read_text() if mood.exists() else ""
        if said == "broken":
            self.send_error(500)
        elif said == "elsewhere":
            self.send_response(302)
            self.send_header("Location", f"https://localhost:{self.server.server_port}/keys")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            keys = b'{"keys": []}' if said == "empty" else (FOLDER / "jwks.json").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", "max-age=3600")
            self.send_header("Content-Length", str(len(keys)))
            self.end_headers()
            self.wfile.write(keys)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    server = HTTPServer(("127.0.0.1", 0), Keys)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "dev" / "server.pem", FOLDER / "dev" / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
