"""An endpoint of another sender, in Postrider's words."""

import base64
import hashlib
import re
from dataclasses import dataclass, field

from http_json import without_query

# A signing key has 24 to 64 bytes.
KEY_BYTES_MIN = 24
KEY_BYTES_MAX = 64

UID = re.compile(r"[a-zA-Z0-9_.:@-]{1,128}")


class Unusable(Exception):
    """What was read cannot be used."""


@dataclass
class Endpoint:
    """An endpoint becomes an automation with one webhook action."""

    account: str  # the account's uid
    uid: str  # the automation's uid
    url: str
    account_source: str  # what the account is in the other sender, for messages
    source: str  # what the endpoint is there
    account_name: str = ""
    name: str = ""
    event_types: list = field(default_factory=lambda: ["*"])
    enabled: bool = True
    headers: dict = field(default_factory=dict)
    plain_headers: list = field(default_factory=list)  # names of headers that are no secrets
    rate_limit: dict = None
    timeout_s: int = None
    key: str = None  # `whsec_…`
    profile: str = None
    body: str = "data"
    notes: list = field(default_factory=list)  # what is lost; the automation is then imported switched off

    def add_headers(self, headers):
        """Headers whose values are sent as they are."""
        for name, value in headers.items():
            if "{{" in value or "{%" in value:
                self.notes.append(f"the value of {name} would be a template: write it as one")
            else:
                self.headers[name] = value

    def automation(self):
        """The body of `PUT …/automations/{uid}`."""
        action = {"type": "send_webhook", "url": self.url, "body": self.body, "body_style": "raw"}
        if self.key:
            action["signing_key"] = "own_hmac"
        if self.profile:
            action["signature_profile"] = self.profile
        if self.headers:
            action["headers"] = self.headers
        if self.plain_headers:
            action["plain_headers"] = self.plain_headers
        if self.rate_limit:
            action["rate_limit"] = self.rate_limit
        if self.timeout_s:
            action["timeout_s"] = self.timeout_s
        return {
            "name": self.name or self.uid,
            "description": "; ".join(self.notes),
            "enabled": self.enabled and not self.notes,
            "trigger": {"event_types": self.event_types},
            "actions": [action],
        }

    def plan(self):
        """One line for people, without secrets."""
        state = "on" if self.enabled and not self.notes else "off"
        key = "its own key" if self.key else "the account's key"
        line = f"{self.account} / {self.uid}: {', '.join(self.event_types)} to {without_query(self.url)}, {state}, {key}"
        return line + "".join(f"\n    note: {note}" for note in self.notes)


def refuse_merged(endpoints):
    """Refuses two objects of the other sender that would become one here, because they have the same uid, or one
    that differs only in what a uid cannot contain.
    """
    known = {}
    for endpoint in endpoints:
        for uid, source in (
            (f"account {endpoint.account}", endpoint.account_source),
            (f"automation {endpoint.account} / {endpoint.uid}", endpoint.source),
        ):
            first = known.setdefault(uid, source)
            if first != source:
                raise Unusable(f"{first} and {source} would become one {uid}: give one of them another uid")


def uid_of(text):
    """A text as a uid. What a uid cannot contain becomes `-`."""
    uid = re.sub(r"[^a-zA-Z0-9_.:@-]", "-", text)[:128] if isinstance(text, str) else ""
    if not UID.fullmatch(uid):
        raise Unusable(f"{text!r} cannot be a uid")
    return uid


def key_of(secret):
    """The signing key whose HMACs are those of these bytes, in a profile that signs with the decoded key.

    HMAC fills a short key with zeros and hashes one that is longer than a block (RFC 2104, section 2). A block
    of SHA-256 has 64 bytes, so a longer secret keeps its HMAC-SHA256 only.
    """
    key = hashlib.sha256(secret).digest() if len(secret) > KEY_BYTES_MAX else secret
    return "whsec_" + base64.b64encode(key.ljust(KEY_BYTES_MIN, b"\0")).decode()


def warn_if_short(secret, whose):
    """Prints a warning about a secret with fewer bytes than a signing key of Postrider."""
    if len(secret) < KEY_BYTES_MIN:
        print(f"warning: {whose} has a secret of fewer than {KEY_BYTES_MIN} bytes; rotate it soon")
