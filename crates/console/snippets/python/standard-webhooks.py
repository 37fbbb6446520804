# pip install standardwebhooks
import os
from http.server import BaseHTTPRequestHandler

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])


# The body is the bytes that arrived, before any parser touched them. Flask has them in request.get_data(), Django in
# request.body. Both have the headers in request.headers.
def verify(headers, body: bytes) -> bool:
    try:
        webhook.verify(body, headers)
        return True
    except (WebhookVerificationError, ValueError):  # ValueError: what is not even written like a signature
        return False


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204 if verify(self.headers, body) else 401)
        self.end_headers()
