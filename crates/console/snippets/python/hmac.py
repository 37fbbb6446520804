import hashlib
import hmac
import os
from http.server import BaseHTTPRequestHandler

SECRET = os.environ["WEBHOOK_SECRET"].encode()


# The body is the bytes that arrived, before any parser touched them. Flask has them in request.get_data(), Django in
# request.body. Both have the headers in request.headers.
def verify(headers, body: bytes) -> bool:
    expected = hmac.new(SECRET, body, hashlib.sha256).hexdigest().encode()
    # While a rotation of the key overlaps, the second header holds the signature of the new one.
    names = ("{{signature_header}}", "{{next_signature_header}}")
    return any(hmac.compare_digest(headers.get(name, "").encode(), expected) for name in names)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204 if verify(self.headers, body) else 401)
        self.end_headers()
