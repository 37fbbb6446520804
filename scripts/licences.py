#!/usr/bin/env python3
"""Checks licences, bans and sources of all dependencies against deny.toml: the part of `cargo deny` that needs no
network, for machines without it. Known advisories are for `cargo deny check advisories` alone.
"""

import json
import pathlib
import re
import subprocess
import sys

try:
    import tomllib
except ModuleNotFoundError:
    sys.exit("scripts/licences.py needs Python 3.11 or newer, or cargo-deny in its place")

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    allowed = set(rules["licenses"]["allow"])
    banned = {ban["crate"] for ban in rules["bans"]["deny"]}
    packages = [package for package in dependencies() if package["source"] is not None]
    faults = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if not is_allowed(package["license"], allowed):
            faults.append(f"{name}: licence {package['license']} is not allowed")
        if package["name"] in banned:
            faults.append(f"{name}: is banned")
        if not is_the_registry(package["source"]):
            faults.append(f"{name}: comes from {package['source']}")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(packages)} dependencies, {len(faults)} faults.")
    return 1 if faults else 0


def dependencies():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)["packages"]


def is_the_registry(source):
    """Cargo's name for its default registry, wherever that is replaced by a mirror."""
    return source.startswith("registry+") and source.endswith("/crates.io-index")


def is_allowed(expression, allowed):
    """Whether an SPDX expression can be met with the allowed licences. `/` is the old way to write OR."""
    if not expression:
        return False
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    value, rest = parse_or(tokens, allowed)
    return value and not rest


def parse_or(tokens, allowed):
    value, tokens = parse_and(tokens, allowed)
    while tokens and tokens[0] == "OR":
        other, tokens = parse_and(tokens[1:], allowed)
        value = value or other
    return value, tokens


def parse_and(tokens, allowed):
    value, tokens = parse_one(tokens, allowed)
    while tokens and tokens[0] == "AND":
        other, tokens = parse_one(tokens[1:], allowed)
        value = value and other
    return value, tokens


def parse_one(tokens, allowed):
    if tokens[0] == "(":
        value, tokens = parse_or(tokens[1:], allowed)
        return value, tokens[1:]
    licence, tokens = tokens[0], tokens[1:]
    if tokens and tokens[0] == "WITH":
        licence, tokens = f"{licence} WITH {tokens[1]}", tokens[2:]
    return licence in allowed, tokens


if __name__ == "__main__":
    sys.exit(main())
