"""A receiver over OpenSSL that requires a client certificate, and responds with its subject.

Usage: mutual_tls.py CERTIFICATE KEY CLIENT_AUTHORITY. It prints `{"listening":PORT}`.
"""

import json
import socket
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        subject = dict(pair for parts in self.connection.getpeercert()["subject"] for pair in parts)
        body = subject["commonName"].encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A client without a certificate ends its handshake in an error.
        pass

    def finish_request(self, request, client_address):
        # The handshake, in the thread of the connection.
        try:
            request.do_handshake()
        except ssl.SSLError:
            # To close with bytes unread would reset the connection, and the client could miss the alert.
            request.settimeout(5)
            while socket.socket.recv(request, 4096):
                pass
            raise
        super().finish_request(request, client_address)


certificate, key, authority = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
context.load_verify_locations(authority)
context.verify_mode = ssl.CERT_REQUIRED
server = Server(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(json.dumps({"listening": server.server_address[1]}), flush=True)
server.serve_forever()
