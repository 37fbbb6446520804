"""A name server for one check: on port 53 of loopback, every name in example.com has the address 127.0.0.1."""

import socket
import struct

ZONE = ("example", "com")
A, IN, TTL_S = 1, 1, 60
NO_ERROR, NO_SUCH_NAME = 0x8180, 0x8183


def response_to(query: bytes) -> bytes:
    """The response to one query, RFC 1035 section 4."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    question = query[12 : at + 5]
    (kind,) = struct.unpack("!H", query[at + 1 : at + 3])
    is_known = tuple(labels[-2:]) == ZONE
    has_address = is_known and kind == A
    header = struct.pack("!HHHHH", NO_ERROR if is_known else NO_SUCH_NAME, 1, int(has_address), 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", A, IN, TTL_S, 4) + socket.inet_aton("127.0.0.1")
    return query[:2] + header + question + (record if has_address else b"")


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 53))
    while True:
        received, peer = server.recvfrom(512)
        server.sendto(response_to(received), peer)
