import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from postrider_client import WebhookVerificationError, verify_webhook

KEY = os.environ["WEBHOOK_SECRET"]  # whsec_…, from the console's page "Signing key"


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))  # the bytes as they arrived
        try:
            verify_webhook(body, self.headers, KEY)
        except WebhookVerificationError:
            self.send_error(401)
            return
        self.send_response(204)
        self.end_headers()
        event = json.loads(body)
        print(event["id"], event["type"], event["data"], flush=True)  # handle each id once


server = HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Receiver)
print(server.server_address, flush=True)
server.serve_forever()
