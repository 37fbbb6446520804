from __future__ import annotations

from datetime import datetime
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Union

from .._event_ids import new_event_id
from .._listing import Listing
from ..batch_sender import MAX_QUEUED, MAX_WAIT_S, BatchSender
from ..errors import PostriderError
from ..types import AcceptedEvent, BatchItem, Event, EventAutomations, EventInput
from ._resource import Resource


class Events(Resource):
    """Things that happened in the company's software."""

    def create(self, account: str, event: EventInput, *, idempotency_key: Optional[str] = None) -> AcceptedEvent:
        """Reports an event. It is on disk once this returns. An event without an `id` gets one here, so that
        a repeated request never reports a second event. `idempotency_key` identifies the request in its
        place: 1 to 255 visible ASCII characters.
        """
        found: AcceptedEvent = self._transport.call(
            "POST",
            "/v1/accounts/{account}/events",
            parameters={"account": account},
            body=_identified(event) if idempotency_key is None else event,
            headers=_key_header(idempotency_key),
            repeatable=True,
        )
        return found

    def create_batch(
        self, account: str, events: Iterable[EventInput], *, idempotency_key: Optional[str] = None
    ) -> List[BatchItem]:
        """Reports 1 to 1,000 events, and returns the result of each, in order: some may be refused."""
        result: Dict[str, Any] = self._transport.call(
            "POST",
            "/v1/accounts/{account}/events/batch",
            parameters={"account": account},
            body={"events": [_identified(event) if idempotency_key is None else event for event in events]},
            headers=_key_header(idempotency_key),
            repeatable=True,
        )
        items: List[BatchItem] = result["data"]
        return items

    def sender(
        self,
        account: str,
        *,
        max_events: int = 1000,
        max_wait_s: float = MAX_WAIT_S,
        max_queued: int = MAX_QUEUED,
        on_failure: Optional[Callable[[EventInput, PostriderError], None]] = None,
    ) -> BatchSender:
        """Collects events and reports them in batches. Close it before the process ends, or use `with`."""
        return BatchSender(
            self._transport,
            account,
            max_events=max_events,
            max_wait_s=max_wait_s,
            max_queued=max_queued,
            on_failure=on_failure,
        )

    def list(
        self,
        account: str,
        *,
        type: Optional[str] = None,
        data_contains: Optional[str] = None,
        after: Union[str, datetime, None] = None,
        before: Union[str, datetime, None] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Listing[Event]:
        filters = {"type": type, "data_contains": data_contains, "after": after, "before": before}
        return self._list_at("/v1/accounts/{account}/events", {"account": account}, filters, limit, cursor)

    def get(self, account: str, id: str) -> Event:
        found: Event = self._transport.call(
            "GET", "/v1/accounts/{account}/events/{id}", parameters={"account": account, "id": id}
        )
        return found

    def cancel(self, account: str, id: str) -> None:
        """Cancels an event of which no attempt was made yet."""
        self._transport.call("DELETE", "/v1/accounts/{account}/events/{id}", parameters={"account": account, "id": id})

    def automations(self, account: str, id: str) -> EventAutomations:
        """The automations whose event types match the event, and why each ran or did not."""
        found: EventAutomations = self._transport.call(
            "GET", "/v1/accounts/{account}/events/{id}/automations", parameters={"account": account, "id": id}
        )
        return found


def _identified(event: EventInput) -> EventInput:
    if event.get("id") is not None:
        return event
    identified = event.copy()
    identified["id"] = new_event_id()
    return identified


def _key_header(key: Optional[str]) -> Mapping[str, str]:
    return {} if key is None else {"Idempotency-Key": key}
