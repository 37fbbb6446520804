"""Convoy: `GET /api/v1/projects/{project}`, `…/endpoints` and `…/subscriptions`."""

import re

from endpoint import Endpoint, Unusable, key_of, uid_of, warn_if_short
from http_json import all_pages, part

PAGE = 100


def listed(api, path):
    def page(cursor):
        data = api.get(path, perPage=PAGE, direction="next", next_page_cursor=cursor)["data"]
        pagination = data["pagination"]
        return data["content"] or [], pagination["next_page_cursor"] if pagination["has_next_page"] else None

    return all_pages(page)


def endpoints(api, project):
    """An endpoint for each subscription; one without a subscription receives nothing, and is left out."""
    path = f"/api/v1/projects/{part(project)}"
    known = {endpoint["uid"]: endpoint for endpoint in listed(api, f"{path}/endpoints")}
    subscriptions = [entry for entry in listed(api, f"{path}/subscriptions") if entry.get("endpoint_metadata")]
    return [endpoint_of(known, subscription) for subscription in subscriptions]


def endpoint_of(known, subscription):
    uid = subscription["endpoint_metadata"]["uid"]
    given = known.get(uid, subscription["endpoint_metadata"])
    filters = subscription.get("filter_config") or {}
    endpoint = Endpoint(
        # Convoy's owner is the customer; an endpoint without one is a customer of its own.
        account=uid_of(given.get("owner_id") or uid),
        account_name=given.get("owner_id") or named(given),
        account_source=f"owner {given['owner_id']}" if given.get("owner_id") else f"endpoint {uid}",
        uid=uid_of(subscription["uid"]),
        source=f"subscription {subscription['uid']}",
        name=subscription.get("name") or named(given),
        url=given.get("url") or given["target_url"],
        event_types=filters.get("event_types") or ["*"],
        enabled=given.get("status", "active") in ("active", "pending"),
        profile="convoy_advanced" if given.get("advanced_signatures") else "convoy",
    )
    if given.get("http_timeout"):
        endpoint.timeout_s = seconds(given["http_timeout"])
    if given.get("rate_limit") and given.get("rate_limit_duration"):
        per_s = seconds(given["rate_limit_duration"])
        endpoint.rate_limit = {"requests": given["rate_limit"], "per_s": per_s}
    take_key(endpoint, given.get("secrets") or [])
    take_authentication(endpoint, given.get("authentication") or {})
    if any((filters.get("filter") or {}).values()) or subscription.get("function"):
        endpoint.notes.append("it filters or transforms events: use conditions or a template")
    return endpoint


def take_key(endpoint, secrets):
    live = [secret["value"] for secret in secrets if not secret.get("expires_at") and secret.get("value")]
    if not live:
        endpoint.notes.append("Convoy does not show its secret")
        return
    # Convoy's simple signature is that of the last one.
    secret = live[-1].encode()
    endpoint.key = key_of(secret)
    warn_if_short(secret, endpoint.uid)


def take_authentication(endpoint, authentication):
    kind, api_key = authentication.get("type"), authentication.get("api_key") or {}
    if kind == "api_key" and api_key.get("header_name"):
        endpoint.add_headers({api_key["header_name"]: api_key["header_value"]})
    elif kind:
        endpoint.notes.append(f"it authenticates with {kind}: create a connection")


def named(given):
    return given.get("name") or given.get("title") or given["uid"]


def seconds(duration):
    """Seconds of a number, or of Go's form (`1m0s`)."""
    if isinstance(duration, (int, float)):
        return int(duration)
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", duration)
    if not duration or not found:
        raise Unusable(f"{duration!r} is not a duration")
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest
