from __future__ import annotations

from typing import Optional

from .._listing import Listing
from ..types import EventType, EventTypeInput
from ._resource import Resource


class EventTypes(Resource):
    """The installation's catalogue of event types."""

    def list(self, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> Listing[EventType]:
        return self._list_at("/v1/event-types", {}, {}, limit, cursor)

    def get(self, name: str) -> EventType:
        found: EventType = self._transport.call("GET", "/v1/event-types/{name}", parameters={"name": name})
        return found

    def put(self, name: str, input: EventTypeInput) -> EventType:
        """Creates the type, or replaces all of it."""
        found: EventType = self._transport.call("PUT", "/v1/event-types/{name}", parameters={"name": name}, body=input)
        return found

    def delete(self, name: str) -> None:
        self._transport.call("DELETE", "/v1/event-types/{name}", parameters={"name": name})
