"""Svix: `GET /api/v1/app`, `…/endpoint`, `…/secret`, `…/headers` and `GET /api/v1/event-type`."""

import base64

from endpoint import Endpoint, key_of, uid_of, warn_if_short
from http_json import all_pages, part

PAGE = 250


def listed(api, path, **query):
    def page(cursor):
        found = api.get(path, limit=PAGE, iterator=cursor, **query)
        return found["data"], None if found["done"] else found["iterator"]

    return all_pages(page)


def endpoints(api):
    """Each endpoint of each application."""
    return [
        endpoint_of(api, application, endpoint)
        for application in listed(api, "/api/v1/app")
        for endpoint in listed(api, f"/api/v1/app/{part(application['id'])}/endpoint")
    ]


def endpoint_of(api, application, given):
    path = f"/api/v1/app/{part(application['id'])}/endpoint/{part(given['id'])}"
    secret = api.get(f"{path}/secret")["key"]
    headers = api.get(f"{path}/headers")
    endpoint = Endpoint(
        account=uid_of(application.get("uid") or application["id"]),
        account_name=application["name"],
        account_source=f"application {application['id']}",
        uid=uid_of(given.get("uid") or given["id"]),
        source=f"endpoint {given['id']}",
        name=given.get("description") or "",
        url=given["url"],
        event_types=given.get("filterTypes") or ["*"],
        enabled=not given.get("disabled"),
        profile="svix",
    )
    endpoint.add_headers(headers.get("headers") or {})
    if given.get("rateLimit"):
        endpoint.rate_limit = {"requests": given["rateLimit"], "per_s": 1}
    if secret.startswith("whsec_"):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        endpoint.key = key_of(key)
        warn_if_short(key, endpoint.uid)
    else:
        endpoint.notes.append("its Ed25519 key cannot be kept: give the receiver a new one")
    if given.get("channels"):
        endpoint.notes.append(f"it listens to channels only ({', '.join(given['channels'])}): use conditions")
    if headers.get("sensitive"):
        names = ", ".join(headers["sensitive"])
        endpoint.notes.append(f"Svix does not show the values of these headers: {names}")
    return endpoint


def event_types(api):
    """Names and descriptions of the catalogue."""
    listed_types = listed(api, "/api/v1/event-type")
    return [(entry["name"], entry.get("description") or "") for entry in listed_types if not entry.get("archived")]
