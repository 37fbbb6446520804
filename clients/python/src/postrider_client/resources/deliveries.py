from __future__ import annotations

from datetime import datetime
from typing import Literal, Optional, Union

from .._listing import Listing
from ..types import Count, Delivery, DeliveryOfAccount, DeliverySelection, DeliveryWithAttempts
from ._resource import Resource

Outcome = Literal[
    "succeeded",
    "bad_status",
    "timeout",
    "dns_error",
    "connect_error",
    "tls_error",
    "protocol_error",
    "blocked",
    "not_rendered",
]


class Deliveries(Resource):
    """The delivery of one event by one action, with the record of each attempt."""

    def list(
        self,
        account: str,
        *,
        status: Optional[Literal["pending", "succeeded", "failed", "canceled"]] = None,
        event_id: Optional[str] = None,
        automation_id: Optional[str] = None,
        action_id: Optional[str] = None,
        event_type: Optional[str] = None,
        status_code: Optional[str] = None,
        outcome: Optional[Outcome] = None,
        after: Union[str, datetime, None] = None,
        before: Union[str, datetime, None] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Listing[Delivery]:
        """`status_code` of the last attempt is a code or a class: `503`, `5xx`."""
        filters = {
            "status": status,
            "event_id": event_id,
            "automation_id": automation_id,
            "action_id": action_id,
            "event_type": event_type,
            "status_code": status_code,
            "outcome": outcome,
            "after": after,
            "before": before,
        }
        return self._list_at("/v1/accounts/{account}/deliveries", {"account": account}, filters, limit, cursor)

    def list_of_all_accounts(
        self,
        *,
        status: Optional[Literal["pending", "succeeded", "failed", "canceled"]] = None,
        event_type: Optional[str] = None,
        status_code: Optional[str] = None,
        outcome: Optional[Outcome] = None,
        after: Union[str, datetime, None] = None,
        before: Union[str, datetime, None] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Listing[DeliveryOfAccount]:
        """The deliveries of all accounts, for a key that is not limited to one."""
        filters = {
            "status": status,
            "event_type": event_type,
            "status_code": status_code,
            "outcome": outcome,
            "after": after,
            "before": before,
        }
        return self._list_at("/v1/deliveries", {}, filters, limit, cursor)

    def get(self, account: str, id: str) -> DeliveryWithAttempts:
        found: DeliveryWithAttempts = self._transport.call(
            "GET", "/v1/accounts/{account}/deliveries/{id}", parameters={"account": account, "id": id}
        )
        return found

    def resend(self, account: str, id: str) -> Delivery:
        """Makes one more attempt, with the same event id and body."""
        found: Delivery = self._transport.call(
            "POST", "/v1/accounts/{account}/deliveries/{id}/resend", parameters={"account": account, "id": id}
        )
        return found

    def replay(self, account: str, selection: DeliverySelection) -> Count:
        """Makes one more attempt of every delivery that matches; with `dry_run`, only counts them."""
        found: Count = self._transport.call(
            "POST", "/v1/accounts/{account}/deliveries/replay", parameters={"account": account}, body=selection
        )
        return found

    def cancel(self, account: str, selection: DeliverySelection) -> Count:
        """Cancels every pending delivery that matches; with `dry_run`, only counts them."""
        found: Count = self._transport.call(
            "POST", "/v1/accounts/{account}/deliveries/cancel", parameters={"account": account}, body=selection
        )
        return found
