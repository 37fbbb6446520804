"""Fails unless a CycloneDX document names the crates of the program, each with its version and its licence."""

import json
import subprocess
import sys

document = json.load(open(sys.argv[1], encoding="utf-8"))
listed = {(item["name"], item["version"]) for item in document["components"]}
command = ["cargo", "tree", "--locked", "-p", "postrider", "-e", "normal", "--prefix", "none", "--format", "{p}"]
tree = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
expected = {(line.split()[0], line.split()[1].removeprefix("v")) for line in tree if line} - {
    ("postrider", document["metadata"]["component"]["version"])
}
if missing := expected - listed:
    sys.exit(f"the SBOM lacks {sorted(missing)}")
if unlicensed := [item["name"] for item in document["components"] if not item.get("licenses")]:
    sys.exit(f"the SBOM has no licence of {unlicensed}")
print(f"The SBOM names {len(listed)} crates, each with its version and licence.")
