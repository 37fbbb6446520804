"""Outpost: `GET /tenants`, `GET /tenants/{tenant}/destinations` and `GET /topics`."""

import json

from endpoint import Endpoint, key_of, uid_of, warn_if_short
from http_json import Refused, all_pages, part


def endpoints(api):
    """Each destination of each tenant. Those that are no webhooks are imported nowhere, and printed."""
    found = []
    for tenant in all_pages(lambda cursor: tenants(api, cursor)):
        for destination in api.get(f"/tenants/{part(tenant['id'])}/destinations"):
            if destination["type"] == "webhook":
                found.append(endpoint_of(tenant, destination))
            else:
                print(f"left out: {tenant['id']} / {destination['id']} is of the type {destination['type']}")
    return found


def tenants(api, cursor):
    found = api.get("/tenants", limit=100, next=cursor)
    return found["models"], (found.get("pagination") or {}).get("next")


def endpoint_of(tenant, given):
    config, topics = given.get("config") or {}, given.get("topics")
    endpoint = Endpoint(
        account=uid_of(tenant["id"]),
        account_name=(tenant.get("metadata") or {}).get("name") or tenant["id"],
        account_source=f"tenant {tenant['id']}",
        uid=uid_of(given["id"]),
        source=f"destination {given['id']}",
        url=config["url"],
        event_types=["*"] if topics in ("*", ["*"], None) else topics,
        enabled=not given.get("disabled_at"),
        profile="outpost",
    )
    # Receivers may read these of Outpost's headers.
    endpoint.headers = {"x-outpost-event-id": "{{ event.id }}", "x-outpost-topic": "{{ event.type }}"}
    endpoint.plain_headers = list(endpoint.headers)
    endpoint.add_headers(json.loads(config.get("custom_headers") or "{}"))
    secret = (given.get("credentials") or {}).get("secret")
    if not secret:
        endpoint.notes.append("Outpost does not show its secret")
    elif secret.startswith("whsec_"):
        endpoint.key, endpoint.profile = secret, "standard"
    else:
        endpoint.key = key_of(secret.encode())
        warn_if_short(secret.encode(), endpoint.uid)
    if given.get("filter"):
        endpoint.notes.append("it filters events: use conditions")
    return endpoint


def event_types(api):
    """The topics, if the deployment lists them."""
    try:
        topics = api.get("/topics")
    except Refused as refused:
        if refused.status != 404:
            raise
        return []
    return [(topic, "") for topic in topics if topic != "*"]
