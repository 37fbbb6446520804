"""A sender of your own: a file with one JSON object a line.

    {"account": "customer-42", "uid": "crm", "url": "https://crm.example.com/hooks",
     "event_types": ["proposal.accepted"], "secret": "…"}

`account`, `uid` and `url` are required. `uid` names the automation: a later run finds it by that, whatever else has
changed. Further members: `account_name`, `name`, `event_types`, `enabled`, `headers`, `timeout_s`, `body`, and
`secret`: a key `whsec_…`, or any text, which then needs a profile with `key = "decoded"`.
"""

import json

from endpoint import Endpoint, Unusable, key_of, uid_of, warn_if_short

REQUIRED = ["account", "uid", "url"]
MEMBERS = {*REQUIRED, "account_name", "name", "event_types", "enabled", "headers", "timeout_s", "body"}


def endpoints(path):
    """An endpoint for each line that is not empty."""
    with open(path, encoding="utf-8") as file:
        lines = [(number, line) for number, line in enumerate(file, 1) if line.strip()]
    return [row(number, line) for number, line in lines]


def row(number, line):
    try:
        # A column without a value is exported as null.
        given = {name: value for name, value in json.loads(line).items() if value is not None}
        secret = given.pop("secret", None)
        unknown = set(given) - MEMBERS
        if unknown:
            raise Unusable(f"unknown members: {', '.join(sorted(unknown))}")
        missing = [name for name in REQUIRED if name not in given]
        if missing:
            raise Unusable(f"{', '.join(missing)} is missing")
        source = {"account_source": repr(given["account"]), "source": f"line {number}"}
        given |= {"account": uid_of(given["account"]), "uid": uid_of(given["uid"])}
        types = given.get("event_types", ["*"])
        if not (isinstance(types, list) and all(isinstance(name, str) for name in types)):
            raise Unusable("event_types is no list of names")
        endpoint = Endpoint(**given, **source)
    except (ValueError, TypeError, AttributeError, Unusable) as error:
        raise Unusable(f"line {number}: {error}") from None
    if secret:
        endpoint.key = secret if secret.startswith("whsec_") else key_of(secret.encode())
        warn_if_short(secret.encode(), f"line {number}")
    return endpoint
