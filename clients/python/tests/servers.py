"""`postrider serve` and a receiver, on free loopback ports and with folders of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, NamedTuple, Optional, TypeVar
from urllib.parse import urlsplit

from postrider_client import Postrider

ADMIN_KEY = "prk_the-admin-key-of-the-tests"

#: How long anything may take on a busy machine, in seconds.
SOON_S = 20.0

Found = TypeVar("Found")


class Server:
    """A server with a data folder of its own."""

    def __init__(self, *flags: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="postrider-client-")
        self._flags = flags
        self.url = ""
        self._start("127.0.0.1:0")

    def client(self, **options: Any) -> Postrider:
        return Postrider(**{"url": self.url, "api_key": ADMIN_KEY, **options})

    def start_again(self) -> None:
        """Starts it again, on the same data and at the same address."""
        self._start(urlsplit(self.url).netloc)

    def kill(self) -> None:
        """Ends the process with SIGKILL."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, listen: str) -> None:
        program = os.environ.get("POSTRIDER_BIN")
        assert program, "POSTRIDER_BIN is not set: run clients/test"
        # The server refuses variables that begin with POSTRIDER_ and that it does not know.
        others = {name: value for name, value in os.environ.items() if not name.startswith("POSTRIDER_")}
        flags = ["--listen", listen, "--data-dir", self._folder, "--allow-destination", "127.0.0.0/8", *self._flags]
        self._process = subprocess.Popen(
            [program, "serve", *flags],
            cwd=self._folder,
            env={**others, "POSTRIDER_ADMIN_KEY": ADMIN_KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            _, found, address = line.partition("listening on ")
            if found:
                self.url = address.strip()
                threading.Thread(target=drain, args=(self._process.stdout,), daemon=True).start()
                return
        raise AssertionError("the server ended before it listened")


def drain(stream: Any) -> None:
    try:
        for _ in stream:
            pass
    except ValueError:  # the stream was closed
        pass


class Received(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    headers: Any
    body: bytes


class Reply(NamedTuple):
    """A response; without a status, the connection breaks."""

    status: Optional[int]
    body: Any = None
    headers: Dict[str, str] = {}


class Receiver:
    """An HTTP server that records requests, and responds with 204 or as it is told."""

    def __init__(self, respond: Optional[Callable[[Received], Reply]] = None) -> None:
        self.received: List[Received] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Received(self.command, self.path, self.headers, body)
                receiver.received.append(request)
                reply = respond(request) if respond else Reply(204)
                if reply.status is None:
                    self.close_connection = True
                    return
                text = b"" if reply.body is None else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass  # a client that no longer waits

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def client(self, **options: Any) -> Postrider:
        return Postrider(**{"url": self.url, "api_key": "prk_x", **options})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def until(what: str, probe: Callable[[], Optional[Found]]) -> Found:
    """Waits until the probe returns something."""
    deadline = time.monotonic() + SOON_S
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {SOON_S:g} s: {what}"
        time.sleep(0.01)


def problem(status: int, code: str) -> Dict[str, Any]:
    """A problem document with this code."""
    return {
        "type": f"https://example.com/{code}",
        "title": code,
        "status": status,
        "code": code,
        "detail": f"of {code}",
    }
