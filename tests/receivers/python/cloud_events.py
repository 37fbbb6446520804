"""Sends CloudEvents with the SDK of PyPI, in every mode, and receives them in both, with the same SDK. Prints the
responses and what was received, as one line of JSON.

POSTRIDER_TEST_ACCOUNT is the URL of an account, POSTRIDER_TEST_KEY its API key.
"""

import json
import os
import queue
import threading
import urllib.error
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

ACCOUNT = os.environ["POSTRIDER_TEST_ACCOUNT"]
AUTHORIZATION = "Bearer " + os.environ["POSTRIDER_TEST_KEY"]
BODY_BYTES_MAX = 1 << 20
TIMEOUT_S = 30

arrived: queue.Queue = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    """Reads each delivery with the SDK."""

    def do_POST(self):
        length = min(int(self.headers["content-length"]), BODY_BYTES_MAX)
        headers = {name: value for name, value in self.headers.items()}
        event = http.from_http(http.HTTPMessage(headers, self.rfile.read(length)), JSONFormat())
        attributes = dict(event.get_attributes())
        moment = attributes["time"].isoformat(timespec="milliseconds")
        attributes["time"] = moment.replace("+00:00", "Z")
        told = {"path": self.path, "webhook_id": self.headers["webhook-id"]}
        arrived.put(told | {"event": attributes | {"data": event.get_data()}})
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def post(path, headers, body):
    """The status and the body of the response."""
    body = body.encode() if isinstance(body, str) else body
    headers = {"Authorization": AUTHORIZATION} | headers
    request = urllib.request.Request(ACCOUNT + path, body, headers, method="POST")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        response = error
    return {"status": response.status, "body": json.load(response)}


def event(identifier):
    """An event of this id."""
    return CloudEvent(
        attributes={
            "id": identifier,
            "source": "https://shop.example.com/orders",
            "type": "com.example.proposal.accepted",
            "time": datetime(2026, 1, 31, 9, 30, 0, 123000, tzinfo=timezone.utc),
            "subject": "Käse 7/100%",
            "dataschema": "https://example.com/schemas/proposal.json",
            "datacontenttype": "application/json",
            "tenant": "42",
        },
        data={"total": 1250, "name": "Zoë"},
    )


def send(message):
    return post("/events", message.headers, message.body)


receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{receiver.server_port}"
automation = {
    "name": "Both modes",
    "trigger": {"event_types": ["*"]},
    "actions": [
        {"type": "send_webhook", "url": f"{base}/structured", "body": "cloudevents"},
        {"type": "send_webhook", "url": f"{base}/binary", "body": "cloudevents_binary"},
    ],
}
post("/automations", {"Content-Type": "application/json"}, json.dumps(automation))
batch = b"[" + b",".join(JSONFormat().write(event(it)) for it in ("binary", "batch")) + b"]"
responses = [
    send(http.to_structured_event(event("structured"))),
    send(http.to_structured_event(event("structured"))),
    send(http.to_binary_event(event("structured"))),
    send(http.to_binary_event(event("binary"))),
    post("/events", {"Content-Type": "application/cloudevents-batch+json"}, batch),
]
# Three events in two modes each.
received = [arrived.get(timeout=TIMEOUT_S) for _ in range(6)]
print(json.dumps({"responses": responses, "received": received}))
