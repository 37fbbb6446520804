"""`openapi-python-client`, unmodified, generates a client from the API's document that does the main job."""

from __future__ import annotations

import importlib
import pathlib
import subprocess
import sys
from types import ModuleType
from typing import Any, Dict, Iterator, Set

import pytest
from servers import ADMIN_KEY, Receiver, Server, until
from test_package import ROOT, documented

pytestmark = pytest.mark.skipif(sys.version_info < (3, 10), reason="the generator needs Python 3.10")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("generated")
    document = ROOT / "crates/api/openapi.json"
    program = pathlib.Path(sys.executable).with_name("openapi-python-client")
    command = [program, "generate", "--path", document, "--meta", "none", "--output-path", folder / "generated_client"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("generated_client")
    sys.path.remove(str(folder))


def function_of(generated: ModuleType, operation: Dict[str, Any]) -> Any:
    """The module of an operation; None if the generator left it out."""
    tag = operation["tags"][0].lower().replace(" ", "_")
    try:
        return importlib.import_module(f"{generated.__name__}.api.{tag}.{operation['operationId']}")
    except ModuleNotFoundError:
        return None


def test_the_generator_reads_every_operation_and_every_result(generated: ModuleType) -> None:
    missing: Set[str] = set()
    without_result: Set[str] = set()
    for operation in documented().values():
        module = function_of(generated, operation)
        has_result = any("content" in response for status, response in operation["responses"].items() if status < "300")
        if module is None:
            missing.add(operation["operationId"])
        elif has_result and "response_20" not in pathlib.Path(module.__file__).read_text("utf-8"):
            without_result.add(operation["operationId"])
    assert (missing, without_result) == (set(), set())


def test_a_generated_client_does_the_main_job(generated: ModuleType, server: Server, receiver: Receiver) -> None:
    models = importlib.import_module("generated_client.models")
    operations = {each["operationId"]: each for each in documented().values()}
    client = generated.AuthenticatedClient(base_url=server.url, token=ADMIN_KEY)

    def call(name: str, *arguments: str, body: Any = None, **query: Any) -> Any:
        """The result of the generated function, as JSON."""
        module = function_of(generated, operations[name])
        if body is not None:
            content = operations[name]["requestBody"]["content"]["application/json"]
            query["body"] = getattr(models, content["schema"]["$ref"].rsplit("/", 1)[1]).from_dict(body)
        result = module.sync(*arguments, client=client, **query)
        assert not isinstance(result, models.Problem), result
        return result.to_dict()

    account = call("create_account", body={"uid": "generated", "name": "Generated"})
    automation = {
        "name": "hook",
        "trigger": {"event_types": ["a.b"], "conditions": {"all": [{"path": "/total", "op": "gte", "value": 5}]}},
        "actions": [{"type": "send_webhook", "url": receiver.url}],
    }
    created = call("create_automation", account["id"], body=automation)
    assert created["actions"][0]["url"] == receiver.url
    event = call("create_event", "generated", body={"type": "a.b", "data": {"total": 7}})
    assert event["deliveries"] == 1
    status = models.ListDeliveriesStatus.SUCCEEDED

    def succeeded() -> Any:
        return call("list_deliveries", "generated", event_id=event["id"], status=status)["data"]

    delivery = until("a delivery that succeeded", succeeded)[0]
    attempts = call("get_delivery", "generated", delivery["id"])["attempts"]
    assert [(each["outcome"], each["status_code"], each["url"]) for each in attempts] == [
        ("succeeded", 204, receiver.url)
    ]
