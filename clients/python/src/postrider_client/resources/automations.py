from __future__ import annotations

from typing import Optional

from .._listing import Listing
from ..types import (
    AcceptedEvent,
    Automation,
    AutomationInput,
    AutomationPatch,
    Count,
    MissedSelection,
    Preview,
    PreviewInput,
    TestInput,
)
from ._resource import Resource


class Automations(Resource):
    """Rules that send a webhook or an e-mail when an event has a certain type. `id` is an automation's id or
    `uid`.
    """

    def list(self, account: str, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> Listing[Automation]:
        return self._list_at("/v1/accounts/{account}/automations", {"account": account}, {}, limit, cursor)

    def create(self, account: str, input: AutomationInput) -> Automation:
        found: Automation = self._transport.call(
            "POST", "/v1/accounts/{account}/automations", parameters={"account": account}, body=input
        )
        return found

    def get(self, account: str, id: str) -> Automation:
        found: Automation = self._transport.call(
            "GET", "/v1/accounts/{account}/automations/{id}", parameters={"account": account, "id": id}
        )
        return found

    def put(self, account: str, uid: str, input: AutomationInput) -> Automation:
        """Creates the automation with this `uid`, or replaces all of it. The same input again changes
        nothing.
        """
        found: Automation = self._transport.call(
            "PUT", "/v1/accounts/{account}/automations/{id}", parameters={"account": account, "id": uid}, body=input
        )
        return found

    def update(self, account: str, id: str, patch: AutomationPatch) -> Automation:
        """Changes the members that `patch` has. `actions` is replaced as a whole: send each with its `id`."""
        found: Automation = self._transport.call(
            "PATCH", "/v1/accounts/{account}/automations/{id}", parameters={"account": account, "id": id}, body=patch
        )
        return found

    def delete(self, account: str, id: str) -> None:
        self._transport.call(
            "DELETE", "/v1/accounts/{account}/automations/{id}", parameters={"account": account, "id": id}
        )

    def preview(self, account: str, input: PreviewInput) -> Preview:
        """Which of the last events a draft matches, and the requests as they would go out. It changes
        nothing.
        """
        found: Preview = self._transport.call(
            "POST",
            "/v1/accounts/{account}/automations/preview",
            parameters={"account": account},
            body=input,
            repeatable=True,
        )
        return found

    def send_missed(self, account: str, id: str, selection: MissedSelection) -> Count:
        """Sends the events that the automation missed while it, or one of its actions, was off."""
        found: Count = self._transport.call(
            "POST",
            "/v1/accounts/{account}/automations/{id}/send-missed",
            parameters={"account": account, "id": id},
            body=selection,
        )
        return found

    def test(self, account: str, id: str, input: Optional[TestInput] = None) -> AcceptedEvent:
        """Delivers a test event to this automation alone."""
        found: AcceptedEvent = self._transport.call(
            "POST",
            "/v1/accounts/{account}/automations/{id}/test",
            parameters={"account": account, "id": id},
            body=input or {},
        )
        return found
