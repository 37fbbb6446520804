"""Writes accounts, automations and signing keys to Postrider, so that repeating it changes nothing."""

import json

from http_json import Refused, part


class Postrider:
    """A server, and what was written to it."""

    def __init__(self, api):
        self.api = api
        self.accounts = set()
        self.refused = 0

    def write(self, endpoints, event_types):
        """Writes everything. Returns how many objects were refused; each is printed with the reason."""
        for name, description in event_types:
            self.tried(f"event type {name}", lambda: self.event_type(name, description))
        for endpoint in endpoints:
            self.tried(f"{endpoint.account} / {endpoint.uid}", lambda: self.endpoint(endpoint))
        print(f"{len(endpoints)} endpoints and {len(event_types)} event types; refused: {self.refused}")
        return self.refused

    def tried(self, what, write):
        try:
            print(f"{what}: {write()}")
        except Refused as refused:
            self.refused += 1
            print(f"{what}: refused: {reason(refused)}")

    def event_type(self, name, description):
        path = f"/v1/event-types/{part(name)}"
        if self.found(path) is not None:
            return "exists"
        self.api.call("PUT", path, {"description": description})
        return "created"

    def endpoint(self, endpoint):
        self.account(endpoint)
        path = f"/v1/accounts/{part(endpoint.account)}/automations/{part(endpoint.uid)}"
        wanted = endpoint.automation()
        found = self.found(path)
        action = action_of(found, endpoint.url)
        if action and action["url"] != endpoint.url:
            # By its id it keeps its key and its record under the new URL. Only then: the id would also switch
            # on an action that Postrider has switched off.
            wanted["actions"][0]["id"] = action["id"]
        key = ""
        if endpoint.key:
            if action is None or action.get("signing_key") != "own_hmac":
                # A new one is off until it has its key: no webhook goes out that the receiver would refuse.
                enabled = action is not None and wanted["enabled"]
                action = self.api.call("PUT", path, wanted | {"enabled": enabled})["actions"][0]
            key = f", key {self.key(path, action['id'], endpoint.key)}"
        self.api.call("PUT", path, wanted)
        state = "on" if wanted["enabled"] else "off"
        return f"{'created' if found is None else 'written'}, {state}{key}"

    def account(self, endpoint):
        if endpoint.account in self.accounts:
            return
        if self.found(f"/v1/accounts/{part(endpoint.account)}") is None:
            name = endpoint.account_name or endpoint.account
            self.api.call("POST", "/v1/accounts", {"uid": endpoint.account, "name": name})
        self.accounts.add(endpoint.account)

    def key(self, path, action, secret):
        """Gives the action this key, at once and alone, unless it has it."""
        keys = f"{path}/actions/{action}/signing-keys"
        if self.api.get(keys)["data"][0]["secret"] == secret:
            return "unchanged"
        self.api.call("POST", f"{keys}/rotate", {"secret": secret, "overlap_s": 0})
        return "kept"

    def found(self, path):
        """The object at this path; None if there is none."""
        try:
            return self.api.get(path)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise


def action_of(automation, url):
    """The webhook action that an earlier run wrote: that of this URL, or else the first. None if there is none."""
    actions = [action for action in (automation or {}).get("actions", []) if action["type"] == "send_webhook"]
    return next((action for action in actions if action["url"] == url), actions[0] if actions else None)


def reason(refused):
    """What a problem document says is wrong."""
    try:
        problem = json.loads(refused.text)
        faults = [f"{fault.get('pointer', '')}: {fault['detail']}" for fault in problem.get("errors", [])]
        return "; ".join(faults) or problem["detail"]
    except (ValueError, KeyError, TypeError):
        return str(refused)
