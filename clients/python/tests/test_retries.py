"""Which calls are repeated, how often and when; bounds in time and size."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, List, Tuple, Union

import pytest
from servers import Receiver, Reply, Server, problem

from postrider_client import Postrider, PostriderError, _connections, new_event_id
from postrider_client._retries import backoff, wait_before_retry
from postrider_client.errors import retry_after_s
from postrider_client.types import EventInput

EVENT: EventInput = {"type": "a.b", "data": 1}

LOST = Reply(None)


def fails(status: int, code: str, **headers: str) -> Reply:
    return Reply(status, problem(status, code), {name.replace("_", "-"): value for name, value in headers.items()})


UNAVAILABLE = fails(503, "unavailable")

Call = Callable[[Postrider], Any]
Stub = Callable[..., Receiver]


def scripted(stub: Stub, *replies: Reply) -> Receiver:
    """A server that fails as scripted, and then succeeds."""
    left = list(replies)
    return stub(lambda _: left.pop(0) if left else Reply(200, {"id": "acct_1", "name": "a"}))


def attempts(stub: Stub, replies: List[Reply], call: Call) -> Tuple[int, str]:
    server = scripted(stub, *replies)
    try:
        call(server.client(max_retries=1))
    except PostriderError as error:
        return len(server.received), error.code
    return len(server.received), "ok"


REPEATABLE: List[Call] = [
    lambda postrider: postrider.accounts.get("a"),
    lambda postrider: postrider.event_types.put("a.b", {}),
    lambda postrider: postrider.accounts.delete("a"),
    lambda postrider: postrider.events.create("a", EVENT),
    lambda postrider: postrider.accounts.create({"name": "a"}),
    lambda postrider: postrider.deliveries.resend("a", "dlv_1"),
]


@pytest.mark.parametrize("call", REPEATABLE)
def test_a_read_a_put_a_delete_and_a_post_are_repeated_whatever_became_of_the_first_request(
    stub: Stub, call: Call
) -> None:
    for reply in (LOST, UNAVAILABLE, fails(502, "bad_gateway")):
        assert attempts(stub, [reply], call) == (2, "ok")
    assert attempts(stub, [LOST, LOST], call) == (2, "network_error")
    assert attempts(stub, [fails(500, "internal_error")], call) == (1, "internal_error")
    assert attempts(stub, [fails(409, "uid_taken")], call) == (1, "uid_taken")


def test_a_patch_is_repeated_only_if_the_first_request_certainly_had_no_effect(stub: Stub) -> None:
    call: Call = lambda postrider: postrider.accounts.update("a", {"name": "b"})
    assert attempts(stub, [LOST], call) == (1, "network_error")
    assert attempts(stub, [UNAVAILABLE], call) == (1, "unavailable")
    assert attempts(stub, [fails(503, "stopping")], call) == (2, "ok")
    assert attempts(stub, [fails(429, "rate_limited", retry_after="0")], call) == (2, "ok")


def test_a_repeated_post_has_the_same_idempotency_key_and_the_next_call_has_another(stub: Stub) -> None:
    server = scripted(stub, LOST, fails(409, "request_in_progress", retry_after="0"))
    client = server.client()
    client.accounts.create({"name": "a"})
    client.accounts.create({"name": "a"})
    keys = [request.headers["Idempotency-Key"] for request in server.received]
    assert len(keys) == 4
    assert len(keys[0]) == 36
    assert keys[:3] == [keys[0]] * 3
    assert keys[3] != keys[0]


def test_a_connection_that_is_refused_is_tried_again_also_for_a_post(stub: Stub) -> None:
    server = Receiver()
    server.close()
    started = time.monotonic()
    with pytest.raises(PostriderError) as raised:
        server.client(max_retries=1).accounts.create({"name": "a"})
    assert (raised.value.code, raised.value.status) == ("network_error", None)
    assert time.monotonic() - started >= 0.125


def test_a_repeated_event_is_the_same_event(stub: Stub) -> None:
    server = scripted(stub, LOST, UNAVAILABLE)
    server.client().events.create("a", EVENT)
    ids = [json.loads(request.body)["id"] for request in server.received]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    assert "id" not in EVENT


def test_a_repeated_delete_that_finds_nothing_has_deleted_it(stub: Stub) -> None:
    missing = fails(404, "account_not_found")
    call: Call = lambda postrider: postrider.accounts.delete("a")
    assert attempts(stub, [LOST, missing], call) == (2, "ok")
    assert attempts(stub, [missing], call) == (1, "account_not_found")
    assert attempts(stub, [fails(429, "rate_limited"), missing], call) == (2, "account_not_found")


def test_retry_after_is_waited_for_unless_it_is_too_long(stub: Stub) -> None:
    call: Call = lambda postrider: postrider.accounts.get("a")
    started = time.monotonic()
    assert attempts(stub, [fails(429, "rate_limited", retry_after="1")], call) == (2, "ok")
    assert time.monotonic() - started >= 1
    assert attempts(stub, [fails(429, "stored_bytes_exceeded", retry_after="61")], call) == (
        1,
        "stored_bytes_exceeded",
    )


def test_a_server_that_limits_the_requests_of_a_key_gets_all_of_them_later() -> None:
    server = Server("--requests-per-s-and-key", "5")
    try:
        postrider = server.client()
        postrider.accounts.create({"uid": "a", "name": "a"})
        with ThreadPoolExecutor(9) as threads:
            events = list(threads.map(lambda _: postrider.events.create("a", EVENT), range(9)))
        assert len({event["id"] for event in events}) == 9
        impatient = postrider.with_options(max_retries=0)
        with pytest.raises(PostriderError) as raised:
            for _ in range(200):
                impatient.accounts.get("a")
        error = raised.value
        assert (error.code, error.status, error.retry_after_s) == ("rate_limited", 429, 1.0)
    finally:
        server.remove()


def test_waits_double_with_jitter_up_to_a_bound() -> None:
    tries = (1, 2, 3, 6, 7, 40)
    assert [backoff(each, lambda: 1.0) for each in tries] == [0.25, 0.5, 1, 8, 10, 10]
    assert [backoff(each, lambda: 0.0) for each in tries] == [0.125, 0.25, 0.5, 4, 5, 5]
    busy = PostriderError("busy", code="unavailable", status=503, retry_after_s=2)
    wait = lambda attempt: wait_before_retry(busy, repeatable=True, attempt=attempt, max_retries=1, random=lambda: 1.0)
    assert wait(1) == 2.25
    assert wait(2) is None
    assert retry_after_s("7") == 7
    assert retry_after_s("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770) == 7
    assert retry_after_s("soon") is None


def test_a_call_ends_with_its_time(stub: Stub) -> None:
    released = threading.Event()

    def silent(_: Any) -> Reply:
        released.wait(10)
        return Reply(204)

    server = stub(silent)
    started = time.monotonic()
    with pytest.raises(PostriderError, match=r"no response within 0\.05 s") as raised:
        server.client(timeout_s=0.05, max_retries=0).accounts.get("a")
    assert raised.value.code == "timeout"
    assert time.monotonic() - started < 5
    released.set()


def test_a_connection_is_used_again_unless_the_server_closed_it(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: List[Any] = []
    connect = _connections.http.client.HTTPConnection.connect
    counted = lambda connection: opened.append(connection) or connect(connection)
    monkeypatch.setattr(_connections.http.client.HTTPConnection, "connect", counted)
    server = scripted(stub)
    with server.client(max_retries=0) as postrider:
        for _ in range(3):
            postrider.accounts.get("a")
        assert len(opened) == 1
        opened[0].sock.shutdown(2)  # as if the server had closed it
        postrider.accounts.create({"name": "a"})
        assert len(opened) == 2


def test_a_redirect_is_not_followed_and_what_is_no_api_is_said_to_be_none(stub: Stub) -> None:
    other = stub()
    replies: List[Tuple[Union[int, None], Reply]] = [
        (302, Reply(302, None, {"Location": other.url})),
        (404, Reply(404, "<html>")),
    ]
    for status, reply in replies:
        with pytest.raises(PostriderError) as raised:
            scripted(stub, reply).client().accounts.get("a")
        assert (raised.value.code, raised.value.status) == ("unexpected_response", status)
    assert other.received == []


def test_settings_come_from_arguments_or_variables_and_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("localhost:8080", "ftp://a", "http://u:p@a", "http://a/?b"):
        with pytest.raises(ValueError):
            Postrider(url=url, api_key="k")
    monkeypatch.delenv("POSTRIDER_API_KEY", raising=False)
    with pytest.raises(ValueError, match="POSTRIDER_API_KEY"):
        Postrider()
    with pytest.raises(ValueError):
        Postrider(api_key="a\nb")
    monkeypatch.setenv("POSTRIDER_API_KEY", "prk_variable")
    monkeypatch.setenv("POSTRIDER_URL", "http://127.0.0.1:1/under/")
    assert repr(Postrider()) == "Postrider(url='http://127.0.0.1:1/under')"


def test_what_is_no_json_is_refused_before_it_is_sent(stub: Stub) -> None:
    server = scripted(stub)
    with pytest.raises(ValueError):
        server.client().events.create("a", {"type": "a.b", "data": float("nan")})
    assert server.received == []


def test_ids_of_events_are_ordered_by_time() -> None:
    ids = [new_event_id(at) for at in (1, 2, 1_769_851_800_007)]
    assert sorted(ids) == ids
    assert len({new_event_id() for _ in range(1000)}) == 1000
