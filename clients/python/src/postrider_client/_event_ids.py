"""Ids of events, so that a request that is repeated reports one event."""

from __future__ import annotations

import secrets
import time
from typing import Optional

#: Crockford's base32 in lower case (TypeID 0.3).
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_event_id(now_ms: Optional[int] = None) -> str:
    """A new event id: `evt_` and a UUIDv7 (RFC 9562 section 5.7) in 26 characters."""
    if now_ms is None:
        now_ms = time.time_ns() // 1_000_000
    value = now_ms << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return "evt_" + "".join(ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
