#!/usr/bin/env python3
"""Writes the inputs that a target begins with: `seeds.py TARGET FOLDER`.

seeds/TARGET.json lists them as texts. json_text also begins with the published vectors of body styles, and
event_api with an event about each of them.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "crates/signing/tests/vectors/bodies-and-signatures.json"


def main() -> None:
    target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    texts = json.loads((HERE / f"seeds/{target}.json").read_text(encoding="utf-8"))
    if target in ("json_text", "event_api"):
        cases = json.loads(VECTORS.read_text(encoding="utf-8"))["body_styles"]
        inputs = [case["input"] for case in cases]
        texts += inputs if target == "json_text" else [f'{{"type":"a.b","data":{text}}}' for text in inputs]
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"seed-{number}").write_bytes(text.encode("utf-8"))


if __name__ == "__main__":
    main()
