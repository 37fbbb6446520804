#!/usr/bin/env python3
"""Finds changes of crates/api/openapi.json that break clients.

    scripts/openapi_compat.py             compares the document with crates/api/openapi-contract.txt, and fails where a
                                          client of the contract would break, or where the contract lacks something new
    scripts/openapi_compat.py --accept    writes the contract, on purpose: the diff of that file shows what was broken

The contract has a line for each promise, so that its diff reads as a changelog:

    operation POST /v1/accounts/{account}/events create_event
    permission GET /v1/accounts admin installation
                                            what callers need, or `none`, and whether it serves those of an account too
                                            (`caller`) or only those of the installation
    takes list_accounts?limit: integer      a parameter of an operation
    takes AccountInput.name: string         a member that clients may send
    gives Account.name: string              a member that responses have
    demands AccountInput.name               a member that clients have to send
    bound AccountInput.name maxLength 256   a bound on what clients send

A client breaks where a line of the contract is missing (an operation, its permission, a parameter, a member, its type,
a value of an enumeration), where something new is demanded, and where a bound is tighter. A value that is new in a
response breaks nobody: clients have to ignore what they do not know.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "crates/api/openapi.json"
CONTRACT = ROOT / "crates/api/openapi-contract.txt"

# Bounds, and whether a smaller number is tighter.
BOUNDS = {"maxLength": True, "maximum": True, "maxItems": True, "minLength": False, "minimum": False, "minItems": False}


def main() -> None:
    if sys.argv[1:] not in ([], ["--accept"]):
        sys.exit("usage: scripts/openapi_compat.py [--accept]")
    now = promises(json.loads(DOCUMENT.read_text()))
    if sys.argv[1:]:
        CONTRACT.write_text("".join(f"{line}\n" for line in sorted(now)))
        return
    before = set(CONTRACT.read_text().splitlines())
    faults = broken(before, now)
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        print("If that is meant, run scripts/openapi_compat.py --accept, and say so in CHANGELOG.md.", file=sys.stderr)
        sys.exit(1)
    if before != now:
        for line in sorted(now - before):
            print(f"new: {line}", file=sys.stderr)
        sys.exit("The contract lacks what is new: run scripts/openapi_compat.py --accept.")


def broken(before: set, now: set) -> list:
    """What a client of `before` finds broken in `now`."""
    faults = []
    for line in sorted(before - now):
        if not line.startswith(("demands ", "bound ")):
            faults.append(f"missing: {line}")
    # A schema or an operation that is new altogether can demand nothing of a client that does not send it.
    members = {line.split()[1].rstrip(":") for line in before if line.startswith("takes ")}
    enumerated = {line.split()[1] for line in before if line.startswith("takes ") and " = " in line}
    owners = {re.split(r"[.?]", member)[0] for member in members}
    owners |= {line.split()[-1] for line in before if line.startswith("operation ")}
    for line in sorted(now - before):
        kind, subject = line.split()[:2]
        if kind == "demands" and re.split(r"[.?]", subject)[0] in owners:
            faults.append(f"newly required: {line}")
        elif kind == "takes" and " = " in line and subject in members - enumerated:
            faults.append(f"takes only some values now: {line}")
        elif kind == "bound" and subject in members and is_tighter(line, before):
            faults.append(f"tighter: {line}")
    return faults


def is_tighter(line: str, before: set) -> bool:
    start, value = line.rsplit(" ", 1)
    old = [it.rsplit(" ", 1)[1] for it in before if it.startswith(f"{start} ")]
    name = start.rsplit(" ", 1)[1]
    if name == "pattern" or not old:
        return True
    return int(value) < int(old[0]) if BOUNDS[name] else int(value) > int(old[0])


def promises(document: dict) -> set:
    """The lines of the contract."""
    lines = set()
    sent, received = set(), set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = f"{method.upper()} {path}"
            lines.add(f"operation {name} {operation['operationId']}")
            # As crates/api/src/route_table.rs reads the extensions.
            scope = operation.get("x-scope") or ("caller" if "{account}" in path else "installation")
            lines.add(f"permission {name} {operation.get('x-permission', 'none')} {scope}")
            for parameter in operation.get("parameters", []):
                subject = f"{operation['operationId']}?{parameter['name']}"
                lines |= of_value(document, "takes", subject, parameter["schema"])
                if parameter.get("required") and parameter["in"] != "path":
                    lines.add(f"demands {subject}")
            sent |= schemas_of(document, operation.get("requestBody", {}))
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    body = " ".join(kind(document, it["schema"]) for it in (response.get("content") or {}).values())
                    lines.add(f"response {name} {status} {body}".rstrip())
                received |= schemas_of(document, response)
            for content in operation.get("requestBody", {}).get("content", {}).values():
                lines.add(f"request {name} {kind(document, content['schema'])}")
    for name in sent:
        lines |= of_schema(document, "takes", name)
    for name in received:
        lines |= of_schema(document, "gives", name)
    return lines


def of_schema(document: dict, verb: str, name: str) -> set:
    schema = document["components"]["schemas"][name]
    lines = {f"{verb} {name} = {value}" for value in schema.get("enum", [])}
    lines |= {f"{verb} {name} is {kind(document, it)}" for it in schema.get("oneOf", [])}
    for part in [schema, *(it for it in schema.get("allOf", []) if "$ref" not in it)]:
        for member, value in part.get("properties", {}).items():
            lines |= of_value(document, verb, f"{name}.{member}", value)
        if verb == "takes":
            lines |= {f"demands {name}.{member}" for member in part.get("required", [])}
        else:
            lines |= {f"always {name}.{member}" for member in part.get("required", [])}
    return lines


def of_value(document: dict, verb: str, name: str, value: dict) -> set:
    """The lines of a member or a parameter: its type, its values and, if clients send it, its bounds."""
    lines = {f"{verb} {name}: {kind(document, value)}"}
    values = value.get("enum") or value.get("items", {}).get("enum") or []
    lines |= {f"{verb} {name} = {json.dumps(it)}" for it in values}
    if verb == "takes":
        lines |= {f"bound {name} {bound} {value[bound]}" for bound in BOUNDS if bound in value}
        if "pattern" in value:
            lines.add(f"bound {name} pattern {json.dumps(value['pattern']).replace(' ', '%20')}")
    return lines


def schemas_of(document: dict, value: object) -> set:
    """The names of the schemas that a value refers to, and those that they refer to."""
    found, open_values = set(), [value]
    while open_values:
        value = open_values.pop()
        if isinstance(value, list):
            open_values.extend(value)
        elif isinstance(value, dict):
            name = str(value.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in document["components"]["schemas"] and name not in found:
                found.add(name)
                open_values.append(document["components"]["schemas"][name])
            open_values.extend(it for key, it in value.items() if key not in ("example", "examples"))
    return found


def kind(document: dict, schema: dict) -> str:
    """The type of a value: the name of its schema, or of its JSON types."""
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "oneOf" in schema:
        return " or ".join(kind(document, it) for it in schema["oneOf"])
    types = schema.get("type", "any")
    words = types if isinstance(types, str) else " or ".join(sorted(types))
    if "items" in schema:
        words += f" of {kind(document, schema['items'])}"
    return words + (f" ({schema['format']})" if "format" in schema else "")


if __name__ == "__main__":
    main()
