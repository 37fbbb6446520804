#!/usr/bin/env python3
"""A receiver of webhooks that verifies them, with Python's standard library alone.

    receiver.py --listen 127.0.0.1:9000 --key-file FILE [--once] [--delay-s SECONDS]

It reads the signing key from the file for each request, so that the file can be written later. It responds with
204 to a webhook whose Standard Webhooks signature is that of the body and at most five minutes old, and 401 to any
other, and prints a line for each. With --once it ends after the first that it verified.
"""

import argparse
import base64
import hashlib
import hmac
import pathlib
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 300
# The largest envelope of the default body_limit, 256 KiB of data, with room for its other members.
BODY_BYTES_MAX = 1 << 20


def fault_of(headers, body: bytes, key: str) -> str | None:
    """Why the request is not authentic, or None if it is. https://github.com/standard-webhooks/standard-webhooks"""
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not key.startswith("whsec_"):
        return "there is no signing key yet"
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE_S:
        return f"the timestamp {timestamp!r} is not of the last {TOLERANCE_S} s"
    signed = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.new(base64.b64decode(key.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    tokens = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(expected.encode(), token.encode()) for token in tokens):
        return "no signature is that of the body"
    return None


class Receiver(BaseHTTPRequestHandler):
    """Responds to one request."""

    key_file: pathlib.Path
    delay_s = 0.0
    verified = 0

    def do_POST(self):  # noqa: N802, the name that http.server calls
        length = int(self.headers.get("Content-Length", "0"))
        if length > BODY_BYTES_MAX:
            self.respond(413)
            return
        body = self.rfile.read(length)
        key = self.key_file.read_text().strip() if self.key_file.exists() else ""
        fault = fault_of(self.headers, body, key)
        event = f"{self.headers.get('webhook-id')} {self.headers.get('Postrider-Event-Type')}"
        time.sleep(self.delay_s)
        if fault is None:
            print(f"verified {event}", flush=True)
        else:
            print(f"refused {event}: {fault}", flush=True)
        self.respond(204 if fault is None else 401)
        Receiver.verified += fault is None

    def respond(self, status: int):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """Prints no line of its own."""


def main() -> None:
    arguments = argparse.ArgumentParser(description="Receives webhooks and verifies them.")
    arguments.add_argument("--listen", default="127.0.0.1:9000", help="the address and port")
    arguments.add_argument("--key-file", required=True, type=pathlib.Path, help="holds the signing key, whsec_…")
    arguments.add_argument("--once", action="store_true", help="end after the first verified webhook")
    arguments.add_argument("--delay-s", type=float, default=0.0, help="seconds to wait before each response")
    given = arguments.parse_args()
    Receiver.key_file, Receiver.delay_s = given.key_file, given.delay_s
    host, _, port = given.listen.rpartition(":")
    with ThreadingHTTPServer((host, int(port)), Receiver) as server:
        print(f"listening on {host}:{server.server_port}", flush=True)
        while not (given.once and Receiver.verified):
            server.timeout = 0.1
            server.handle_request()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
