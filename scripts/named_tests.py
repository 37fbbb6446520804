#!/usr/bin/env python3
"""Checks that each test that a page names exists.

A name is a text in backquotes with at least three underscores and nothing but lower-case letters, digits and
underscores. Settings and metrics have such names too, so that those of the reference are left out.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ["docs/reliability.md", "docs/security.md"]
NAME = re.compile(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`")


def main() -> int:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("crates", "tests")
        for path in sorted((ROOT / folder).rglob("*.rs"))
    )
    functions = set(re.findall(r"\bfn ([a-z0-9_]+)", sources))
    settings = (ROOT / "crates/postrider/src/config/settings.rs").read_text(encoding="utf-8")
    faults = 0
    for page in PAGES:
        for name in sorted(set(NAME.findall((ROOT / page).read_text(encoding="utf-8")))):
            if name not in functions and f"pub {name}:" not in settings:
                print(f"{page}: there is no test {name}")
                faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
