"""The main job and verification with real deliveries, and the list of any length."""

from __future__ import annotations

from itertools import islice
from typing import Any, Dict, List

import pytest
from servers import Received, Receiver, Server, until

from postrider_client import (
    Postrider,
    PostriderError,
    WebhookVerificationError,
    verify_postrider_signature,
    verify_webhook,
)


def hook(postrider: Postrider, account: str, url: str, **more: Any) -> Any:
    action: Any = {"type": "send_webhook", "url": url, **more}
    return postrider.automations.create(
        account, {"name": "hook", "trigger": {"event_types": ["*"]}, "actions": [action]}
    )


def first(receiver: Receiver) -> Received:
    return until("a webhook", lambda: receiver.received[0] if receiver.received else None)


def test_an_event_becomes_a_delivery_that_succeeded_with_its_attempts(
    postrider: Postrider, account: str, receiver: Receiver
) -> None:
    hook(postrider, account, receiver.url)
    event = postrider.events.create(account, {"type": "proposal.accepted", "data": {"total": 1250}})
    assert event["id"].startswith("evt_")
    assert event["deliveries"] == 1
    listed = lambda: next(iter(postrider.deliveries.list(account, event_id=event["id"], status="succeeded")), None)
    delivery = until("a delivery that succeeded", listed)
    attempts = postrider.deliveries.get(account, delivery["id"])["attempts"]
    assert [(each["number"], each["outcome"], each["status_code"]) for each in attempts] == [(1, "succeeded", 204)]


def test_a_delivered_webhook_is_authentic_in_both_ways_and_nothing_else_is(
    postrider: Postrider, account: str, receiver: Receiver
) -> None:
    hook(postrider, account, receiver.url)
    postrider.signing_keys.rotate(account)
    postrider.events.create(account, {"type": "a.b", "data": "Zoë 👋"})
    _, _, headers, body = first(receiver)
    keys = [key["secret"] for key in postrider.signing_keys.list(account)]
    assert len(keys) == 2
    other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    plain: Dict[str, str] = dict(headers)
    for key in keys:
        verify_webhook(body, headers, key)
        verify_webhook(bytearray(body), plain, [other, key])
        verify_postrider_signature(body, headers, key, prefix="Acme")
    altered = body.replace(b"\xab", b"\xaa")
    assert altered != body
    late = {**plain, "webhook-timestamp": str(int(plain["webhook-timestamp"]) + 1)}
    for forged in (
        lambda: verify_webhook(altered, plain, keys),
        lambda: verify_webhook(body, plain, other),
        lambda: verify_webhook(body, {**plain, "webhook-id": "evt_other"}, keys),
        lambda: verify_webhook(body, late, keys),
        lambda: verify_postrider_signature(altered, plain, keys, prefix="Acme"),
        lambda: verify_postrider_signature(body, plain, other, prefix="Acme"),
        lambda: verify_postrider_signature(body, plain, keys),
    ):
        with pytest.raises(WebhookVerificationError):
            forged()


def test_a_webhook_signed_with_an_ed25519_key_is_authentic_by_its_public_key(
    postrider: Postrider, account: str, receiver: Receiver
) -> None:
    automation = hook(postrider, account, receiver.url, signature_profile="standard", signing_key="own_ed25519")
    postrider.events.create(account, {"type": "a.b", "data": 1})
    _, _, headers, body = first(receiver)
    keys = postrider.signing_keys.list_of_action(account, automation["id"], automation["actions"][0]["id"])
    public = [str(key["public_key"]) for key in keys if key.get("public_key")]
    verify_webhook(body, headers, public)
    with pytest.raises(WebhookVerificationError):
        verify_webhook(b"{}", headers, public)


def test_a_list_of_more_than_250_entries_is_read_to_its_end_and_no_further_than_asked(
    server: Server, postrider: Postrider, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: List[Any] = [{"type": "meter.read", "data": n} for n in range(612)]
    ids = [item["id"] for item in postrider.events.create_batch(account, events) if "error" not in item]
    listed = [event["id"] for event in postrider.events.list(account, limit=250)]
    assert sorted(listed) == sorted(ids)
    assert [len(page.data) for page in postrider.events.list(account, limit=250).pages()] == [250, 250, 112]
    requests: List[str] = []
    client = server.client()
    call = client._transport.call
    monkeypatch.setattr(client._transport, "call", lambda *a, **k: requests.append(a[1]) or call(*a, **k))
    assert len(list(islice(client.events.list(account, limit=10), 12))) == 12
    assert len(requests) == 2
    page = next(client.events.list(account, limit=10).pages())
    rest = client.events.list(account, limit=10, cursor=page.next_cursor)
    assert next(iter(rest))["id"] == listed[10]


def test_an_error_has_the_code_the_status_the_pointers_and_the_request_id(server: Server, postrider: Postrider) -> None:
    with pytest.raises(PostriderError) as raised:
        postrider.accounts.create({"uid": "no spaces", "name": ""})
    error = raised.value
    assert (error.code, error.status) == ("invalid_body", 422)
    assert sorted(fault["pointer"] for fault in error.errors) == ["/name", "/uid"]
    assert error.request_id
    assert "/uid" in str(error)
    with pytest.raises(PostriderError) as raised:
        server.client(api_key="prk_wrong").accounts.get("a")
    assert (raised.value.code, raised.value.status) == ("unauthorized", 401)
