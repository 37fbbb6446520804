"""Verification against the published vectors, and what a header can have wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import pathlib
from typing import Any, Dict

import pytest

from postrider_client import WebhookVerificationError, verify_postrider_signature, verify_webhook

ROOT = pathlib.Path(__file__).resolve().parents[3]
VECTORS = json.loads((ROOT / "crates/signing/tests/vectors/bodies-and-signatures.json").read_text("utf-8"))
KEY = VECTORS["key"]


def reason_of(body: bytes, headers: Dict[str, str], **options: Any) -> str:
    try:
        verify_webhook(body, headers, KEY, **options)
    except WebhookVerificationError as error:
        return error.reason
    return "authentic"


def test_the_vectors_of_standard_webhooks_are_authentic() -> None:
    assert len(VECTORS["standard_webhooks"]) >= 3
    for vector in VECTORS["standard_webhooks"]:
        body, now_s = vector["body"].encode(), vector["timestamp"]
        headers = {
            "Webhook-Id": vector["id"],
            "webhook-timestamp": str(now_s),
            "webhook-signature": vector["signature"],
        }
        assert reason_of(body, headers, now_s=now_s) == "authentic"
        among = f"v1a,AAAA v1,{'A' * 43}= {vector['signature']} v2,é"
        assert reason_of(body, {**headers, "webhook-signature": among}, now_s=now_s) == "authentic"
        assert reason_of(body + b" ", headers, now_s=now_s) == "no_matching_signature"


def test_the_vectors_of_the_body_s_signature_are_authentic() -> None:
    assert len(VECTORS["body_styles"]) >= 109
    for vector in VECTORS["body_styles"]:
        for style in ("js_stringify", "python_dumps"):
            headers = {"POSTRIDER-SIGNATURE": vector[f"hex_{style}"]}
            verify_postrider_signature(vector[style].encode(), headers, KEY)


def test_a_webhook_is_refused_with_the_reason() -> None:
    def sign(timestamp: str) -> str:
        key = base64.b64decode(KEY[len("whsec_") :])
        digest = hmac.new(key, f"evt_1.{timestamp}.{{}}".encode(), hashlib.sha256).digest()
        return "v1," + base64.b64encode(digest).decode()

    def verdict(timestamp: str, signature: str = "", **options: Any) -> str:
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": timestamp,
            "webhook-signature": signature or sign(timestamp),
        }
        return reason_of(b"{}", headers, **{"now_s": 1_000_000, **options})

    assert verdict("1000000") == "authentic"
    assert verdict("999700") == "authentic"
    assert verdict("999699") == "timestamp_too_old"
    assert verdict("1000301") == "timestamp_too_new"
    assert verdict("999699", tolerance_s=301) == "authentic"
    assert verdict("1e6") == "malformed_header"
    assert verdict("٣") == "malformed_header"
    assert verdict("") == "missing_header"
    assert reason_of(b"{}", {}) == "missing_header"
    assert verdict("1000000", "v1,") == "no_matching_signature"
    assert verdict("1000000", sign("1000000")[:-1]) == "no_matching_signature"
    # A signature beyond the bound is not looked at.
    assert verdict("1000000", "v1,A " * 16 + sign("1000000")) == "no_matching_signature"


@pytest.mark.parametrize("key", [KEY, "whpk_" + base64.b64encode(bytes(32)).decode()])
@pytest.mark.parametrize("text", ["", "A", "AAAA", "A" * 86 + "==", "*", "é", "\udce9", "\ud800", "\x00", "٣"])
def test_a_webhook_with_a_malformed_header_is_refused_and_nothing_else_is_raised(key: str, text: str) -> None:
    for malformed in (
        {"webhook-signature": f"v1,{text}"},
        {"webhook-signature": f"v1a,{text}"},
        {"webhook-signature": text},
        {"webhook-id": text},
        {"webhook-timestamp": text},
    ):
        headers = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,A v1a,AAAA", **malformed}
        with pytest.raises(WebhookVerificationError):
            verify_webhook(b"{}", headers, key, now_s=1)
    with pytest.raises(WebhookVerificationError):
        verify_postrider_signature(b"{}", {"Postrider-Signature": text}, key)


@pytest.mark.parametrize("keys", ["", [], "secret", "whsec_", "whsec_é", "whpk_AAAA", "whpk_é", [KEY, ""]])
def test_a_mistake_of_the_receiver_is_another_error_than_a_forged_webhook(keys: Any) -> None:
    headers = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,A"}
    with pytest.raises(ValueError, match="signing key"):
        verify_webhook(b"{}", headers, keys, now_s=1)


def test_a_parsed_body_is_refused() -> None:
    headers = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,A"}
    parsed: Any = {"parsed": True}
    with pytest.raises(TypeError):
        verify_webhook(parsed, headers, KEY, now_s=1)
