#!/usr/bin/env python3
"""Checks sizes: Rust files, and those of the clients, have at most 400 lines; Rust functions at most 70. Comments keep
to 110 columns, in Rust, SQL, JavaScript, TypeScript, TOML, Python and shell. Every crate forbids unsafe code.

It relies on rustfmt: the brace that ends a function stands at the column at which the function begins.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["benches", "crates", "fuzz", "tests"]
NOT_OURS = {"target", "node_modules", ".cache"}

# Written by clients/generate.
GENERATED = {"clients/typescript/src/generated/openapi.ts", "clients/python/src/postrider_client/types.py"}

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
COMMENT_COLUMNS_MAX = 110

# Files and functions (`path` or `path: name`) that may be larger, each with its reason.
LARGER = {
    "crates/storage-sqlite/src/query_plans.rs: statements_over_large_tables_seek_in_the_index_meant_for_them": (
        "a table: a row for each statement"
    ),
    "crates/postrider/src/config/settings.rs": "a table: a field for each setting, which clap and serde read as one",
}

# The root of every library, program and benchmark, and of the black-box tests; `unsafe_code = "deny"` in
# Cargo.toml covers the other tests. storage-sqlite forbids unsafe code in the product only, because the disk
# of its tests has some.
ROOTS = ["crates/*/src/lib.rs", "crates/*/src/main.rs", "benches/*/main.rs", "tests/src/lib.rs", "tests/tests/main.rs"]

FUNCTION = re.compile(r'^( *)(?:pub(?:\([^)]*\))? )?(?:const )?(?:async )?(?:unsafe )?(?:extern "C" )?fn (\w+)')


def main() -> None:
    if sys.argv[1:]:
        sys.exit("usage: scripts/shape.py")
    faults = []
    for path in sources():
        lines = path.read_text().splitlines()
        name = str(path.relative_to(ROOT))
        if len(lines) > FILE_LINES_MAX and name not in LARGER:
            faults.append(f"{name}: {len(lines)} lines, at most {FILE_LINES_MAX}")
        for start, end, function in functions(lines):
            length = end - start + 1
            if length > FUNCTION_LINES_MAX and f"{name}: {function}" not in LARGER:
                faults.append(f"{name}:{start + 1}: {function} has {length} lines, at most {FUNCTION_LINES_MAX}")
        faults.extend(wide_comments(name, lines))
    for path in others():
        name = str(path.relative_to(ROOT))
        lines = path.read_text().splitlines()
        if name.startswith("clients/") and len(lines) > FILE_LINES_MAX:
            faults.append(f"{name}: {len(lines)} lines, at most {FILE_LINES_MAX}")
        faults.extend(wide_comments(name, lines))
    faults.extend(
        f"{path.relative_to(ROOT)}: does not forbid unsafe code"
        for root in ROOTS
        for path in sorted(ROOT.glob(root))
        if "forbid(unsafe_code)" not in path.read_text()
    )
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        sys.exit(f"{len(faults)} faults of shape")
    print("Every file, function and comment is within its size, and every crate forbids unsafe code.")


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.rs")):
            if not NOT_OURS.intersection(path.parts):
                yield path


def others():
    """Files in other languages, as git knows them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in sorted(filter(None, listed.stdout.split("\0"))):
        path = ROOT / name
        is_of_clients = path.suffix in {".ts", ".py"} and name.startswith("clients/") and name not in GENERATED
        is_script = name in {"test", "clients/test", "clients/generate"} or name.startswith("scripts/")
        if is_script or is_of_clients or path.suffix in {".sql", ".js", ".mjs", ".toml"}:
            yield path


def functions(lines):
    """The first and last line of each function with a body, and its name."""
    for start, line in enumerate(lines):
        found = FUNCTION.match(line)
        if not found:
            continue
        head = next((at for at in range(start, len(lines)) if lines[at].endswith(("{", ";", "}"))), start)
        if not lines[head].endswith("{"):
            continue
        end = found.group(1) + "}"
        for at in range(head + 1, len(lines)):
            if lines[at] == end:
                yield start, at, found.group(2)
                break


def wide_comments(name, lines):
    all_marks = {".rs": "//", ".js": "//", ".mjs": "//", ".ts": ("//", "/*", "* "), ".sql": "--"}
    marks = all_marks.get(pathlib.Path(name).suffix, "#")
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith(marks) and len(line) > COMMENT_COLUMNS_MAX:
            yield f"{name}:{number}: a comment of {len(line)} columns, at most {COMMENT_COLUMNS_MAX}"


if __name__ == "__main__":
    main()
