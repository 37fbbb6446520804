"""Each method of each resource, against the server."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.request import urlopen

import pytest
from servers import Receiver, Server, until

from postrider_client import Postrider, PostriderError
from postrider_client.types import AutomationInput, EventInput


def automation(receiver: Receiver, event_type: str, **action: Any) -> AutomationInput:
    each: Any = {"type": "send_webhook", "url": receiver.url, **action}
    return {"name": "CRM", "trigger": {"event_types": [event_type]}, "actions": [each]}


def code_of(call: Any) -> str:
    with pytest.raises(PostriderError) as raised:
        call()
    return raised.value.code


def test_accounts(postrider: Postrider) -> None:
    created = postrider.accounts.create({"uid": "of:tests@1", "name": "Tests"})
    assert postrider.accounts.get("of:tests@1")["id"] == created["id"]
    assert postrider.accounts.update(created["id"], {"metadata": {"plan": "pro"}})["metadata"] == {"plan": "pro"}
    assert created["id"] in [account["id"] for account in postrider.accounts.list()]
    postrider.accounts.delete(created["id"])
    assert code_of(lambda: postrider.accounts.get(created["id"])) == "account_not_found"
    with pytest.raises(ValueError):
        postrider.accounts.get("..")


def test_automations(postrider: Postrider, account: str, receiver: Receiver) -> None:
    input = automation(receiver, "deal.*")
    first = postrider.automations.put(account, "crm", input)
    again = postrider.automations.put(account, "crm", input)
    assert (again["id"], again["updated_at"]) == (first["id"], first["updated_at"])
    assert postrider.automations.update(account, "crm", {"enabled": False})["enabled"] is False
    event = postrider.events.create(account, {"type": "deal.won", "data": {"total": 7}})
    postrider.automations.update(account, "crm", {"enabled": True})
    after = (datetime.now(timezone.utc) - timedelta(minutes=1)).isoformat(timespec="milliseconds")
    assert postrider.automations.send_missed(account, "crm", {"after": after, "dry_run": True})["count"] == 1
    assert postrider.automations.send_missed(account, "crm", {"after": after})["count"] == 1
    preview = postrider.automations.preview(account, {"automation": input, "event_id": event["id"]})
    assert len(preview["requests"]) == 1
    test = postrider.automations.test(account, "crm", {"data": 1})
    assert postrider.events.get(account, test["id"])["origin"] == "test"
    assert postrider.events.automations(account, event["id"])["data"][0]["automation_id"] == first["id"]
    assert postrider.automations.get(account, first["id"])["uid"] == "crm"
    assert len(list(postrider.automations.list(account))) == 1
    postrider.automations.delete(account, "crm")


def test_signing_keys_of_an_action(postrider: Postrider, account: str, receiver: Receiver) -> None:
    own = postrider.automations.create(account, automation(receiver, "own.*", signing_key="own_hmac"))
    action = own["actions"][0]["id"]
    rotated = postrider.signing_keys.rotate_of_action(account, own["id"], action, {"overlap_s": 60})
    keys = postrider.signing_keys.list_of_action(account, own["id"], action)
    assert rotated["id"] in [key["id"] for key in keys]


def test_connections(postrider: Postrider, account: str) -> None:
    created = postrider.connections.create(account, {"name": "CRM", "type": "bearer", "token": "secret"})
    postrider.connections.update(account, created["id"], {"token": "other"})
    assert postrider.connections.get(account, created["id"])["name"] == "CRM"
    assert [each["id"] for each in postrider.connections.list(account)] == [created["id"]]
    postrider.connections.delete(account, created["id"])


def test_events_and_deliveries(postrider: Postrider, account: str, receiver: Receiver) -> None:
    postrider.automations.put(account, "ops", automation(receiver, "op.*"))
    at = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat(timespec="milliseconds")
    later = postrider.events.create(account, {"type": "op.later", "data": {}, "deliver_at": at})
    postrider.events.cancel(account, later["id"])
    assert postrider.events.get(account, later["id"])["canceled"]
    event = postrider.events.create(account, {"type": "op.now", "data": {}})
    listed = lambda: next(iter(postrider.deliveries.list(account, event_id=event["id"], status="succeeded")), None)
    delivery = until("a delivery that succeeded", listed)
    postrider.deliveries.resend(account, delivery["id"])
    until("two attempts", lambda: len(postrider.deliveries.get(account, delivery["id"])["attempts"]) == 2)
    assert list(postrider.deliveries.list(account, status_code="5xx", outcome="bad_status")) == []
    assert len(list(postrider.deliveries.list(account, status_code="204"))) == 1
    assert postrider.deliveries.replay(account, {"event_id": event["id"], "dry_run": True})["count"] == 1
    assert postrider.deliveries.cancel(account, {"event_id": event["id"], "dry_run": True})["count"] == 0
    since = datetime.now(timezone.utc) - timedelta(minutes=1)
    assert [each["id"] for each in postrider.events.list(account, type="op.now", after=since)] == [event["id"]]
    assert list(postrider.events.list(account, before=since)) == []
    with pytest.raises(ValueError, match="time zone"):
        list(postrider.events.list(account, after=datetime.now()))


def test_an_idempotency_key_identifies_an_event_and_a_batch(postrider: Postrider, account: str) -> None:
    event: EventInput = {"type": "order.paid", "data": {"order": 7}}
    other: EventInput = {"type": "order.paid", "data": {"order": 8}}
    first = postrider.events.create(account, event, idempotency_key="order-7")
    assert postrider.events.create(account, event, idempotency_key="order-7")["id"] == first["id"]
    conflict = code_of(lambda: postrider.events.create(account, other, idempotency_key="order-7"))
    assert conflict == "event_conflict"
    batches = [postrider.events.create_batch(account, [event, other], idempotency_key="both") for _ in range(2)]
    ids: Any = [[item["id"] for item in batch if "error" not in item] for batch in batches]
    assert ids[0] == ids[1] and len(ids[0]) == 2


def test_event_types(postrider: Postrider) -> None:
    postrider.event_types.put("invoice.paid", {"description": "An invoice was paid.", "example": {"total": 1}})
    assert postrider.event_types.get("invoice.paid")["example"] == {"total": 1}
    assert "invoice.paid" in [each["name"] for each in postrider.event_types.list()]
    postrider.event_types.delete("invoice.paid")


def test_access(server: Server, postrider: Postrider, account: str) -> None:
    created = postrider.api_keys.create({"name": "billing", "permissions": ["events:write"]})
    assert code_of(lambda: server.client(api_key=created["key"]).accounts.get(account)) == "permission_denied"
    assert created["id"] in [key["id"] for key in postrider.api_keys.list()]
    postrider.api_keys.delete(created["id"])
    link = postrider.portal_links.create(account, {"read_only": True})
    assert link["id"] in [each["id"] for each in postrider.portal_links.list(account)]
    urlopen(link["url"], timeout=10).close()
    for session in postrider.sessions.list_of_account(account):
        postrider.sessions.end_of_account(account, session["id"])
    assert postrider.sessions.end_all_of_account(account)["count"] == 0
    postrider.portal_links.revoke(account, link["id"])
    assert list(postrider.sessions.list()) == []
    assert code_of(lambda: postrider.sessions.end("grant_01h455vb4pex5vsknk084sn02q")) == "session_not_found"
    assert postrider.sessions.end_all()["count"] == 0
    counted = postrider.statistics.get_of_account(account, measure=["events", "failed"], step="1d")
    assert set(counted["totals"]) == {"events", "failed"}
    by_action = postrider.statistics.get_of_account(account, group_by="action")
    assert (by_action["actions_left_out"], by_action["data"][-1]["failed"]) == (0, 0)
    assert len(postrider.statistics.get(step="1m", measure=["latency_p95_ms"])["data"]) >= 1440
    assert [each["type"] for each in postrider.search.find(account)] == ["account"]
    assert list(postrider.audit.list(action="api_key.created"))
    assert list(postrider.audit.list_of_account(account))
    assert postrider.master_key.get()["key_id"] != postrider.master_key.rotate()["key_id"]
