"""Renders templates with Jinja2.

Reads a JSON list of [template, data] from standard input, and prints a JSON list of what each renders to.
"""

import json
import sys

import jinja2

environment = jinja2.Environment(autoescape=False, undefined=jinja2.ChainableUndefined)
replies = []
for source, data in json.load(sys.stdin):
    event = {"id": "evt_1", "type": "proposal.accepted", "timestamp": "2026-01-31T09:30:00.000Z"}
    try:
        replies.append(environment.from_string(source).render(data=json.loads(data), event=event))
    except Exception as error:
        replies.append(f"{type(error).__name__}: {error}")
json.dump(replies, sys.stdout)
