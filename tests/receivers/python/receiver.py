"""Checks every delivery in each of the ways that a receiver written in Python would, and prints one verdict a line.

POSTRIDER_TEST_SECRETS holds the signing keys to check with, separated by commas.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook

BODY_BYTES_MAX = 1 << 20
SECRETS = os.environ["POSTRIDER_TEST_SECRETS"].split(",")
OUTPUT = threading.Lock()


def say(message):
    """Prints one line, whole: each connection has a thread of its own."""
    with OUTPUT:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def signs(secret, signed, signature):
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return signature is not None and hmac.compare_digest(expected, signature)


def library_verifies(secret, raw, headers):
    try:
        Webhook(secret).verify(raw, headers)
        return True
    except Exception:
        return False


def verdict(path, headers, raw):
    reserialised = json.dumps(json.loads(raw)).encode()
    current = headers.get("postrider-signature")
    return {
        "path": path,
        "event_id": headers["webhook-id"],
        "delivery_id": headers["postrider-delivery-id"],
        "attempt": int(headers["postrider-attempt"]),
        "raw": [signs(secret, raw, current) for secret in SECRETS],
        "raw_next": [signs(secret, raw, headers.get("postrider-signature-next")) for secret in SECRETS],
        "reserialised": [signs(secret, reserialised, current) for secret in SECRETS],
        "library": [library_verifies(secret, raw, headers) for secret in SECRETS],
        "body": base64.b64encode(raw).decode(),
    }


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers["content-length"])
        if length > BODY_BYTES_MAX:
            self.send_error(413)
            return
        raw = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        say(verdict(self.path, headers, raw))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
say({"listening": server.server_port})
server.serve_forever()
