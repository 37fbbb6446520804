"""Collects events and reports them in batches, one request at a time and in order.

A request leaves when the batch is full, or when its first event has waited for `max_wait_s`. The queue is
bounded: once it is full, `add` waits until there is room again. Every event has an id, so that a request that
is repeated after a lost response reports no event twice.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from concurrent.futures import Future, InvalidStateError
from types import TracebackType
from typing import Any, Callable, Deque, Dict, List, NamedTuple, Optional, Tuple, Type

from ._event_ids import new_event_id
from ._retries import wait_before_retry
from ._transport import Transport
from .errors import PostriderError, error_of_item
from .types import AcceptedEvent, EventInput

#: The server's bound on a batch.
EVENTS_MAX = 1000

#: Bound on the text of a batch, so that it fits the 8 MiB that a server takes by default.
BATCH_BYTES_MAX = 2 * 1024 * 1024

#: How long the first event of a batch waits for others by default: well below what a person notices.
MAX_WAIT_S = 0.02

#: Events in the queue by default: ten full batches.
MAX_QUEUED = 10 * EVENTS_MAX

#: Bound on the text of the queue.
QUEUED_BYTES_MAX = 64 * 1024 * 1024


class QueuedEvent(NamedTuple):
    """An event in the queue."""

    #: The event's id, which was generated unless it had one.
    id: str
    #: Its result once the event is on disk, or a `PostriderError` if it was not accepted.
    future: Future[AcceptedEvent]


class _Entry(NamedTuple):
    event: EventInput
    text: bytes
    future: Future[AcceptedEvent]


class BatchSender:
    """Made by `events.sender`. Threads can share it; it sends from a thread of its own. A process that forks
    makes one after the fork.
    """

    def __init__(
        self,
        transport: Transport,
        account: str,
        *,
        max_events: int,
        max_wait_s: float,
        max_queued: int,
        on_failure: Optional[Callable[[EventInput, PostriderError], None]],
    ) -> None:
        if not 1 <= max_events <= EVENTS_MAX:
            raise ValueError(f"max_events: expected 1 to {EVENTS_MAX}, not {max_events}")
        if not 0 <= max_wait_s <= 60:
            raise ValueError(f"max_wait_s: expected 0 to 60, not {max_wait_s}")
        if max_queued < 1:
            raise ValueError(f"max_queued: expected at least 1, not {max_queued}")
        self._transport = transport
        self._account = account
        self._max_events = max_events
        self._max_wait_s = max_wait_s
        self._max_queued = max_queued
        self._on_failure = on_failure
        #: Guards what follows, and tells of its changes.
        self._changed = threading.Condition()
        self._queue: Deque[_Entry] = deque()
        self._sending: List[_Entry] = []
        self._bytes = 0
        #: Events that were added, and events of which the outcome is known, both in order.
        self._added = 0
        self._settled = 0
        #: How many `flush` are waiting: batches then leave at once.
        self._flushing = 0
        self._is_closed = False
        self._ending = threading.Event()
        #: The first failure that nobody was told of.
        self._failure: Optional[BaseException] = None
        self._thread: Optional[threading.Thread] = None

    def add(self, event: EventInput, *, timeout_s: Optional[float] = None) -> QueuedEvent:
        """Queues an event as it is now. Returns at once if the queue has room, and otherwise once it has:
        your producer is never faster than the server. `TimeoutError` if there is no room within `timeout_s`.
        """
        identified = event.copy()
        if identified.get("id") is None:
            identified["id"] = new_event_id()
        text = json.dumps(identified, allow_nan=False).encode()
        entry = _Entry(identified, text, Future())
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_closed or not self._is_full(), timeout_s):
                raise TimeoutError(f"the queue is full, and nothing left it within {timeout_s:g} s")
            if self._is_closed:
                raise PostriderError("the batch sender is closed", code="sender_closed")
            self._queue.append(entry)
            self._bytes += len(text)
            self._added += 1
            if self._thread is None:
                # The process can end without `close`: what is queued is then lost.
                self._thread = threading.Thread(target=self._run, name="postrider-sender", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return QueuedEvent(str(identified["id"]), entry.future)

    def flush(self, *, timeout_s: Optional[float] = None) -> None:
        """Returns once every event that was added before is accepted or refused. Without `on_failure`, it
        raises the first error since the last `flush`. `TimeoutError` if outcomes are unknown after
        `timeout_s`.
        """
        with self._changed:
            up_to = self._added
            self._flushing += 1
            self._changed.notify_all()
            is_done = self._changed.wait_for(lambda: self._settled >= up_to, timeout_s)
            self._flushing -= 1
            if not is_done:
                raise TimeoutError(f"{up_to - self._settled} events have no outcome after {timeout_s:g} s")
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def close(self, *, timeout_s: Optional[float] = None) -> None:
        """Takes no further events and flushes. After `timeout_s`, events without a response fail with the
        code `sender_closed`: each may have been accepted, so send it again with its `id`.
        """
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        try:
            self.flush(timeout_s=timeout_s)
        except TimeoutError:
            self._ending.set()
            with self._changed:
                left = [*self._sending, *self._queue]
                self._queue.clear()
            for entry in left:
                message = f"closed before the outcome of {entry.event['id']} was known: send it again with the same id"
                self._fail(entry, PostriderError(message, code="sender_closed"))
            with self._changed:
                self._settled = self._added
                self._changed.notify_all()
            self.flush()

    def __enter__(self) -> BatchSender:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def _is_full(self) -> bool:
        return len(self._queue) >= self._max_queued or self._bytes >= QUEUED_BYTES_MAX

    def _is_batch_ready(self) -> bool:
        return (
            len(self._queue) >= self._max_events
            or self._bytes >= BATCH_BYTES_MAX
            or self._is_full()
            or self._flushing > 0
            or self._is_closed
        )

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._queue) or self._is_closed)
                self._changed.wait_for(self._is_batch_ready, self._max_wait_s)
                if not self._queue:
                    return
                self._sending = self._take()
                batch = self._sending
                self._changed.notify_all()
            self._send(batch)
            with self._changed:
                self._sending = []
                self._settled = min(self._added, self._settled + len(batch))
                self._changed.notify_all()

    def _take(self) -> List[_Entry]:
        """Takes a batch out of the queue, at least one event."""
        batch: List[_Entry] = []
        total = 0
        while self._queue and len(batch) < self._max_events:
            size = len(self._queue[0].text)
            if batch and total + size > BATCH_BYTES_MAX:
                break
            batch.append(self._queue.popleft())
            total += size
        self._bytes -= total
        return batch

    def _send(self, batch: List[_Entry]) -> None:
        """Sends a batch until each of its events is accepted or refused, or the repetitions are used up."""
        left = batch
        attempt = 0
        try:
            while left:
                attempt += 1
                response = self._transport.send(
                    "POST",
                    "/v1/accounts/{account}/events/batch",
                    parameters={"account": self._account},
                    body=b'{"events":[' + b",".join(entry.text for entry in left) + b"]}",
                    repeatable=True,
                    ending=self._ending,
                )
                left, wait = self._settle(left, response.result["data"], response.request_id, attempt)
                if left and self._ending.wait(wait):
                    return  # `close` has failed them
        except PostriderError as error:
            if error.status == 413 and len(left) > 1:
                # The operator's bound on a batch is lower than ours: it follows that on an event's `data`.
                half = (len(left) + 1) // 2
                self._send(left[:half])
                self._send(left[half:])
                return
            for entry in left:
                self._fail(entry, error)
        except Exception as error:  # whatever it is, the producer learns of it, and the thread goes on
            for entry in left:
                self._fail(entry, _unexpected(error))

    def _settle(
        self, entries: List[_Entry], items: List[Dict[str, Any]], request_id: Optional[str], attempt: int
    ) -> Tuple[List[_Entry], float]:
        """Settles what has a result. Returns the events that a later request may still get accepted, and the
        wait before it.
        """
        if len(items) != len(entries):
            message = f"a batch of {len(entries)} events got {len(items)} results"
            raise PostriderError(message, code="unexpected_response", request_id=request_id)
        again: List[_Entry] = []
        longest = 0.0
        for entry, item in zip(entries, items):
            if "error" not in item:
                accepted: AcceptedEvent = item  # type: ignore[assignment]
                self._resolve(entry, accepted)
                continue
            error = error_of_item(item["error"], request_id)
            wait = wait_before_retry(error, repeatable=True, attempt=attempt, max_retries=self._transport.max_retries)
            if wait is None:
                self._fail(entry, error)
            else:
                again.append(entry)
                longest = max(longest, wait)
        return again, longest

    def _resolve(self, entry: _Entry, accepted: AcceptedEvent) -> None:
        try:
            entry.future.set_result(accepted)
        except InvalidStateError:  # `close` gave it up, or the producer canceled it
            pass

    def _fail(self, entry: _Entry, failure: PostriderError) -> None:
        try:
            entry.future.set_exception(failure)
        except InvalidStateError:  # `close` gave it up, or the producer canceled it
            return
        untold: Optional[BaseException] = failure
        if self._on_failure is not None:
            try:
                self._on_failure(entry.event, failure)
                untold = None
            except Exception as thrown:
                untold = thrown
        with self._changed:
            self._failure = self._failure or untold


def _unexpected(error: Exception) -> PostriderError:
    failure = PostriderError(f"the batch could not be sent: {error}", code="unexpected_response")
    failure.__cause__ = error
    return failure
