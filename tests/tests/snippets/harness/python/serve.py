"""Serves the snippet beside it."""

import json
from http.server import HTTPServer

from snippet import Receiver

server = HTTPServer(("127.0.0.1", 0), Receiver)
print(json.dumps({"listening": server.server_port}), flush=True)
server.serve_forever()
