"""The package itself: complete, of the right version, free of dependencies, with a README that is true."""

from __future__ import annotations

import ast
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile
from typing import Any, Dict, List, Set, Tuple

import pytest
from servers import ADMIN_KEY, Receiver, Server, until

import postrider_client

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]
DOCUMENT: Dict[str, Any] = json.loads((ROOT / "crates/api/openapi.json").read_text("utf-8"))

#: Streams of any length, which a program such as curl saves, and those of `postrider listen`.
STREAMS = {"export_deliveries_csv", "export_deliveries_ndjson", "listen_to_automation", "respond_to_request"}


def documented() -> Dict[Tuple[str, str], Any]:
    """The operations of the document, except streams and those that need no client."""
    return {
        (method.upper(), path): operation
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if "Operations" not in operation["tags"] and operation["operationId"] not in STREAMS
    }


def methods() -> List[Tuple[str, str, Set[str]]]:
    """The calls of the resources: HTTP method, path, and the arguments that are given by name."""
    found = []
    for source in (PACKAGE / "src/postrider_client/resources").glob("*.py"):
        for function in ast.walk(ast.parse(source.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            named = {argument.arg for argument in function.args.kwonlyargs}
            for call in ast.walk(function):
                if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                    continue
                texts = [each.value for each in call.args if isinstance(each, ast.Constant)]
                if call.func.attr == "call" and len(texts) == 2:
                    found.append((str(texts[0]), str(texts[1]), named))
                elif call.func.attr == "_list_at":
                    found.append(("GET", str(texts[0]), named))
    return found


def test_the_version_is_that_of_postrider() -> None:
    workspace = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text("utf-8"), re.MULTILINE)
    assert workspace is not None
    assert postrider_client.__version__ == workspace[1] == DOCUMENT["info"]["version"]


def test_every_operation_of_the_document_has_a_method_with_its_filters() -> None:
    called = methods()
    assert sorted((method, path) for method, path, _ in called) == sorted(documented())
    for method, path, named in called:
        parameters = documented()[method, path].get("parameters", [])
        filters = {each["name"] for each in parameters if each["in"] == "query" and not each["required"]}
        assert filters <= named, path


def test_the_generated_types_are_fresh() -> None:
    subprocess.run([sys.executable, PACKAGE / "generate.py", "--check"], check=True)


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the tools that build need Python 3.10")
def test_the_package_can_be_built_and_published(tmp_path: pathlib.Path) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(PACKAGE)]
    subprocess.run(build, check=True, capture_output=True)
    built = sorted(tmp_path.iterdir())
    check = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *built], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout
    wheel, sdist = (next(each for each in built if each.suffix == suffix) for suffix in (".whl", ".gz"))
    names = zipfile.ZipFile(wheel).namelist()
    folder = f"postrider_client-{postrider_client.__version__}.dist-info"
    assert {"postrider_client/__init__.py", "postrider_client/types.py", "postrider_client/py.typed"} <= set(names)
    assert {name.split("/")[0] for name in names} == {"postrider_client", folder}
    metadata = zipfile.ZipFile(wheel).read(f"{folder}/METADATA").decode()
    required = re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE)
    assert [each for each in required if "extra ==" not in each] == []
    assert "Requires-Python: >=3.9" in metadata
    with tarfile.open(sdist) as archive:
        assert any(name.endswith("/LICENSE") for name in archive.getnames())
    assert (PACKAGE / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_code_of_the_readme_and_of_the_page_on_clients_is_that_of_the_examples() -> None:
    pages = [PACKAGE / "README.md", ROOT / "docs/clients.md"]
    blocks = [
        (name.replace("clients/python/", ""), code)
        for page in pages
        for name, code in re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]
    for name, code in blocks:
        assert code == (PACKAGE / name).read_text("utf-8"), name
    assert {name for name, _ in blocks} == {f"examples/{each.name}" for each in (PACKAGE / "examples").glob("*.py")}


def test_the_examples_run(server: Server, receiver: Receiver) -> None:
    environment = {
        **os.environ,
        "POSTRIDER_URL": server.url,
        "POSTRIDER_API_KEY": ADMIN_KEY,
        "CRM_URL": receiver.url,
        "PYTHONPATH": str(PACKAGE / "src"),
        "PYTHONUNBUFFERED": "1",
    }

    def example(name: str) -> str:
        command = [sys.executable, PACKAGE / f"examples/{name}.py"]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    assert re.fullmatch(r"dlv_\S+ (pending|succeeded)\n", example("main_job"))
    until("the webhook of the example", lambda: receiver.received)
    assert re.fullmatch(r"invalid_body 422 /uid \S+\n", example("errors"))
    assert re.fullmatch(r"evt_\S+ \d{4}-\S+\n", example("batching"))

    postrider = server.client()
    environment["WEBHOOK_SECRET"] = next(iter(postrider.signing_keys.list("customer-42")))["secret"]
    command = [sys.executable, PACKAGE / "examples/receiver.py"]
    with subprocess.Popen(command, env={**environment, "PORT": "0"}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip().split(", ")[1].rstrip(")")
        postrider.automations.create("customer-42", {
            "name": "example",
            "trigger": {"event_types": ["example.*"]},
            "actions": [{"type": "send_webhook", "url": f"http://127.0.0.1:{port}/"}],
        })  # fmt: skip
        postrider.events.create("customer-42", {"type": "example.sent", "data": {"n": 7}})
        assert re.fullmatch(r"evt_\S+ example\.sent \{'n': 7\}\n", process.stdout.readline())
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", data=b"{}", timeout=10)
        assert raised.value.code == 401
        raised.value.close()
        process.kill()
