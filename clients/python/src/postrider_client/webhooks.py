"""Verification of webhooks, for receivers. Both functions take the body's bytes as they arrived, before any
parser, return nothing, and raise `WebhookVerificationError` unless the webhook is authentic, whatever its headers
contain. They raise `ValueError` if the receiver's own signing key is malformed, and `TypeError` if the body is not
bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from typing import Any, Callable, List, Mapping, Optional, Sequence, TypedDict, Union

#: How far `webhook-timestamp` may differ from the clock by default, in seconds (Standard Webhooks' libraries:
#: the same).
TOLERANCE_S = 300.0

#: Bytes of an Ed25519 public key (RFC 8032, section 5.1.5).
ED25519_BYTES = 32

#: Signatures of a header that are looked at. Postrider sends at most five.
SIGNATURES_MAX = 16

#: One signing key as displayed, or several.
Keys = Union[str, Sequence[str]]


class WebhookEvent(TypedDict):
    """The body of a webhook, if its action's `body` is `envelope` (the default)."""

    #: The event's id, the same in every attempt and resend: handle each id once.
    id: str
    type: str
    #: When it happened, in RFC 3339.
    timestamp: str
    data: Any


class WebhookVerificationError(Exception):
    """The webhook is not authentic, or too old. Respond with 401, and do nothing else."""

    #: `missing_header`, `malformed_header`, `timestamp_too_old`, `timestamp_too_new` or
    #: `no_matching_signature`.
    reason: str

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    keys: Keys,
    *,
    tolerance_s: float = TOLERANCE_S,
    now_s: Optional[float] = None,
) -> None:
    """Verifies `webhook-id`, `webhook-timestamp` and `webhook-signature` (Standard Webhooks 1.0).

    `headers` is any mapping, such as `request.headers`. `keys` is the signing key as displayed, or several of
    them: `whsec_…`, or `whpk_…` for Ed25519, which needs the package `cryptography`. A webhook is authentic
    if any of its signatures is by any of the keys.
    """
    id = _required(headers, "webhook-id")
    timestamp = _required(headers, "webhook-timestamp")
    signatures = _required(headers, "webhook-signature").split(" ")[:SIGNATURES_MAX]
    _check_time(timestamp, tolerance_s, time.time() if now_s is None else now_s)
    signed = _encoded(f"{id}.{timestamp}.") + _bytes_of(body)
    verifiers = [_verifier_of(key, signed) for key in _list_of(keys)]
    if not any(is_by(signature) for signature in signatures for is_by in verifiers):
        raise WebhookVerificationError(
            "no_matching_signature",
            "no signature of webhook-signature is by one of the keys: is this the body as it arrived, and the "
            "account's key?",
        )


def verify_postrider_signature(
    body: bytes, headers: Mapping[str, str], keys: Keys, *, prefix: str = "Postrider"
) -> None:
    """Verifies `Postrider-Signature`, and `Postrider-Signature-Next`, which an overlap adds: HMAC-SHA256 of
    the body in hex. It covers no time, so prefer `verify_webhook`. `prefix` is the operator's setting
    `header_prefix`.
    """
    name = f"{prefix}-Signature"
    given = [_required(headers, name), _header(headers, f"{name}-Next") or ""]
    expected = [hmac.new(key.encode(), _bytes_of(body), hashlib.sha256).hexdigest() for key in _list_of(keys)]
    if not any(_equal(digest, signature) for signature in given for digest in expected):
        raise WebhookVerificationError("no_matching_signature", f"{name} is not by one of the keys")


def _check_time(timestamp: str, tolerance_s: float, now_s: float) -> None:
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise WebhookVerificationError("malformed_header", "webhook-timestamp: expected a time in Unix seconds")
    age_s = now_s - int(timestamp)
    if age_s > tolerance_s:
        raise WebhookVerificationError("timestamp_too_old", f"signed {age_s:.0f} s ago, at most {tolerance_s:g} s")
    if -age_s > tolerance_s:
        raise WebhookVerificationError("timestamp_too_new", f"signed {-age_s:.0f} s ahead: check your clock")


def _verifier_of(key: str, signed: bytes) -> Callable[[str], bool]:
    """Tells whether a signature, such as `v1,…`, is of these bytes and by this key."""
    if key.startswith("whpk_"):
        return _ed25519_verifier(_decoded("whpk_", key, ED25519_BYTES), signed)
    digest = hmac.new(_decoded("whsec_", key), signed, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    return lambda signature: _equal(expected, signature)


def _ed25519_verifier(public: bytes, signed: bytes) -> Callable[[str], bool]:
    # The standard library has no Ed25519.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(public)

    def is_by(signature: str) -> bool:
        if not signature.startswith("v1a,"):
            return False
        try:
            key.verify(base64.b64decode(_encoded(signature[len("v1a,") :])), signed)
        except (InvalidSignature, binascii.Error):
            return False
        return True

    return is_by


def _decoded(prefix: str, key: str, expected_bytes: Optional[int] = None) -> bytes:
    fault = ValueError("a signing key is `whsec_` or `whpk_` and base64, as the console displays it")
    if not key.startswith(prefix):
        raise fault
    text = key[len(prefix) :]
    try:
        decoded = base64.b64decode(_encoded(text + "=" * (-len(text) % 4)), validate=True)
    except binascii.Error:
        raise fault from None
    if not decoded or (expected_bytes is not None and len(decoded) != expected_bytes):
        raise fault
    return decoded


def _equal(expected: str, given: str) -> bool:
    """Compares in a time that does not depend on where the texts differ."""
    return hmac.compare_digest(expected.encode(), _encoded(given))


def _encoded(text: str) -> bytes:
    """Encodes any header. Servers that decode headers as UTF-8 turn bytes that are not into surrogates, which
    `str.encode` alone refuses.
    """
    return text.encode("utf-8", "surrogatepass")


def _list_of(keys: Keys) -> List[str]:
    found = [keys] if isinstance(keys, str) else list(keys)
    if not found or not all(found):
        raise ValueError("no signing key")
    return found


def _bytes_of(body: Any) -> bytes:
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise TypeError("the body must be the bytes as they arrived, not what a parser made of them")


def _required(headers: Mapping[str, str], name: str) -> str:
    value = _header(headers, name)
    if not value:
        raise WebhookVerificationError("missing_header", f"no header {name}")
    return value


def _header(headers: Mapping[str, str], name: str) -> Optional[str]:
    """A header's value, whatever the case of its name in the mapping."""
    for key, value in headers.items():
        if key.lower() == name.lower():
            return value
    return None
