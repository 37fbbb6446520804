"""The batch sender: linger, bounds, results of each event, and servers that fail in the middle."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest
from servers import Received, Receiver, Reply, Server, problem, until

from postrider_client import Postrider, PostriderError
from postrider_client.types import EventInput

Stub = Callable[..., Receiver]


def event(data: Any, type: str = "a.b") -> EventInput:
    return {"type": type, "data": data}


def accepted(batch: List[Any]) -> List[Dict[str, Any]]:
    return [{"status": 202, "id": each["id"], "type": each["type"]} for each in batch]


def accepting(stub: Stub, items: Optional[Callable[[List[Any]], Any]] = None) -> Receiver:
    """A server that accepts every event of a batch, or responds with `items`."""

    def respond(request: Received) -> Reply:
        batch = json.loads(request.body)["events"]
        return Reply(202, {"data": (items or accepted)(batch)})

    return stub(respond)


def batches(server: Receiver) -> List[List[Any]]:
    return [[each["data"] for each in json.loads(request.body)["events"]] for request in server.received]


def stored(postrider: Postrider, account: str) -> List[Any]:
    return [each["data"] for each in postrider.events.list(account, limit=250)]


def test_events_arrive_in_order_in_batches_as_they_were_when_added(
    stub: Stub, postrider: Postrider, account: str
) -> None:
    server = accepting(stub)
    data = {"n": 0}
    with server.client().events.sender("a") as first, postrider.events.sender(account) as second:
        for n in range(1234):
            data["n"] = n
            first.add(event(data))
            second.add(event(data))
    sent = [each["n"] for batch in batches(server) for each in batch]
    assert sent == list(range(1234))
    assert max(len(batch) for batch in batches(server)) <= 1000
    assert sorted(each["n"] for each in stored(postrider, account)) == sent
    with pytest.raises(PostriderError, match="closed"):
        first.add(event(1))


def test_a_batch_leaves_when_it_is_full_or_its_first_event_has_waited_and_at_once_on_flush(stub: Stub) -> None:
    server = accepting(stub)
    with server.client().events.sender("a", max_events=3, max_wait_s=60) as sender:
        for n in range(4):
            sender.add(event(n))
        until("a full batch", lambda: server.received)
        assert batches(server) == [[0, 1, 2]]
        sender.flush()
        assert batches(server) == [[0, 1, 2], [3]]
    with server.client().events.sender("a", max_wait_s=0.03) as prompt:
        prompt.add(event(4)).future.result(10)
        large = "x" * 1_500_000
        for _ in range(3):
            prompt.add(event(large))
    assert [len(batch) for batch in batches(server)[2:]] == [1, 1, 1, 1]


def test_a_full_queue_holds_the_producer_back(stub: Stub) -> None:
    opened = threading.Event()

    def held(batch: List[Any]) -> Any:
        opened.wait(10)
        return accepted(batch)

    server = accepting(stub, held)
    sender = server.client().events.sender("a", max_events=2, max_queued=2, max_wait_s=0)
    sender.add(event(0))
    sender.add(event(1))
    until("a request", lambda: server.received)
    # One or two are on their way, and two are in the queue.
    with pytest.raises(TimeoutError):
        for n in range(2, 6):
            sender.add(event(n), timeout_s=0.05)
    added = threading.Event()
    producer = threading.Thread(target=lambda: (sender.add(event("last")), added.set()))
    producer.start()
    assert not added.wait(0.05)
    opened.set()
    assert added.wait(10)
    producer.join()
    sender.close()
    assert batches(server)[-1][-1] == "last"


def test_each_event_has_its_own_result_with_pointers_into_the_event(postrider: Postrider, account: str) -> None:
    failures: List[Tuple[Any, str]] = []
    on_failure = lambda failed, error: failures.append((failed["id"], error.code))
    with postrider.events.sender(account, on_failure=on_failure) as sender:
        good = sender.add(event(1))
        bad = sender.add(event(1, "no spaces"))
    assert good.future.result(0)["id"] == good.id
    error = bad.future.exception(0)
    assert isinstance(error, PostriderError)
    assert (error.status, [fault["pointer"] for fault in error.errors]) == (422, ["/type"])
    assert failures == [(bad.id, "invalid_body")]
    strict = postrider.events.sender(account)
    strict.add(event(1, "no spaces"))
    with pytest.raises(PostriderError) as raised:
        strict.flush()
    assert raised.value.code == "invalid_body"
    strict.close()


def test_only_the_events_that_were_refused_for_a_while_are_sent_again(stub: Stub) -> None:
    seen: List[List[str]] = []

    def items(batch: List[Any]) -> Any:
        seen.append([each["id"] for each in batch])
        found = accepted(batch)
        if len(seen) == 1:
            found[1] = {"status": 503, "error": problem(503, "unavailable")}
        return found

    server = accepting(stub, items)
    with server.client().events.sender("a", max_wait_s=60) as sender:
        added = [sender.add(event(n)) for n in range(3)]
    assert batches(server) == [[0, 1, 2], [1]]
    assert seen[1] == [added[1].id]


def test_a_batch_that_is_too_large_for_the_operator_s_bound_is_sent_in_parts(stub: Stub) -> None:
    def respond(request: Received) -> Reply:
        batch = json.loads(request.body)["events"]
        if len(batch) > 2:
            return Reply(413, problem(413, "body_too_large"))
        return Reply(202, {"data": accepted(batch)})

    server = stub(respond)
    with server.client().events.sender("a", max_wait_s=60) as sender:
        for n in range(5):
            sender.add(event(n))
    assert [len(batch) for batch in batches(server)] == [5, 3, 2, 1, 2]
    assert [n for batch in batches(server) if len(batch) <= 2 for n in batch] == [0, 1, 2, 3, 4]


def test_closing_with_a_time_ends_in_time_and_names_what_is_unknown(stub: Stub) -> None:
    released = threading.Event()
    server = accepting(stub, lambda batch: released.wait(10) and accepted(batch))
    sender = server.client().events.sender("a", max_events=1)
    added = [sender.add(event(n)) for n in range(2)]
    started = time.monotonic()
    with pytest.raises(PostriderError) as raised:
        sender.close(timeout_s=0.1)
    assert time.monotonic() - started < 5
    assert raised.value.code == "sender_closed"
    for each in added:
        error = each.future.exception(0)
        assert isinstance(error, PostriderError) and error.code == "sender_closed" and each.id in str(error)
    released.set()


def test_a_server_that_is_killed_and_responses_that_are_lost_store_each_event_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server()
    try:
        postrider = server.client(max_retries=12)
        postrider.accounts.create({"uid": "killed", "name": "killed"})
        once = postrider._transport._once
        requests = iter(range(1, 1_000_000))

        def losing(*request: Any) -> Any:
            response = once(*request)
            if next(requests) % 4 == 0:
                raise PostriderError("the response is lost", code="network_error")
            return response

        monkeypatch.setattr(postrider._transport, "_once", losing)
        sender = postrider.events.sender("killed", max_events=50, max_wait_s=0.001, max_queued=100)
        added = [sender.add(event(n)) for n in range(200)]
        added[150].future.result(20)
        killing = threading.Thread(target=lambda: (server.kill(), server.start_again()))
        killing.start()
        added += [sender.add(event(n)) for n in range(200, 1000)]
        killing.join()
        sender.close()
        for each in added:
            each.future.result(0)
        assert sorted(stored(server.client(), "killed")) == list(range(1000))
    finally:
        server.remove()
