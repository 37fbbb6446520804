"""A sender of your own: a file with one JSON object a line.

    {"account": "customer-42", "url": "https://crm.example.com/hooks", "event_types": ["proposal.accepted"],
     "secret": "…"}

`account` and `url` are required. `uid` names the automation and is by default made of the URL. Further members:
`account_name`, `name`, `event_types`, `enabled`, `headers`, `timeout_s`, `body`, and `secret`: a key `whsec_…`, or any
text, which then needs a profile with `key = "decoded"`.
"""

import hashlib
import json

from endpoint import Endpoint, Unusable, key_of, uid_of, warn_if_short

MEMBERS = {"account", "url", "uid", "account_name", "name", "event_types", "enabled", "headers", "timeout_s", "body"}


def endpoints(path):
    """An endpoint for each line that is not empty."""
    with open(path, encoding="utf-8") as file:
        lines = [(number, line) for number, line in enumerate(file, 1) if line.strip()]
    found, known = [], {}
    for number, line in lines:
        endpoint = row(number, line)
        first = known.setdefault((endpoint.account, endpoint.uid), number)
        if first != number:
            raise Unusable(f"line {number}: line {first} has the same account and URL or `uid`: give each a `uid`")
        found.append(endpoint)
    return found


def row(number, line):
    try:
        # A column without a value is exported as null.
        given = {name: value for name, value in json.loads(line).items() if value is not None}
        secret = given.pop("secret", None)
        unknown = set(given) - MEMBERS
        if unknown:
            raise Unusable(f"unknown members: {', '.join(sorted(unknown))}")
        made = "url-" + hashlib.sha256(given["url"].encode()).hexdigest()[:16]
        given |= {"account": uid_of(given["account"]), "uid": uid_of(given.get("uid") or made)}
        types = given.get("event_types", ["*"])
        if not (isinstance(types, list) and all(isinstance(name, str) for name in types)):
            raise Unusable("event_types is no list of names")
        endpoint = Endpoint(**given)
    except KeyError as error:
        raise Unusable(f"line {number}: {error} is missing") from None
    except (ValueError, TypeError, AttributeError, Unusable) as error:
        raise Unusable(f"line {number}: {error}") from None
    if secret:
        endpoint.key = secret if secret.startswith("whsec_") else key_of(secret.encode())
        warn_if_short(secret.encode(), f"line {number}")
    return endpoint
