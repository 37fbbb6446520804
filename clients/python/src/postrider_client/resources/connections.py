from __future__ import annotations

from typing import Optional

from .._listing import Listing
from ..types import Connection, ConnectionInput, ConnectionPatch, ListedConnection
from ._resource import Resource


class Connections(Resource):
    """How actions authenticate at receivers."""

    def list(
        self, account: str, *, limit: Optional[int] = None, cursor: Optional[str] = None
    ) -> Listing[ListedConnection]:
        """The account's connections, and the installation's that it can use."""
        return self._list_at("/v1/accounts/{account}/connections", {"account": account}, {}, limit, cursor)

    def create(self, account: str, input: ConnectionInput) -> Connection:
        found: Connection = self._transport.call(
            "POST", "/v1/accounts/{account}/connections", parameters={"account": account}, body=input
        )
        return found

    def get(self, account: str, id: str) -> Connection:
        found: Connection = self._transport.call(
            "GET", "/v1/accounts/{account}/connections/{id}", parameters={"account": account, "id": id}
        )
        return found

    def update(self, account: str, id: str, patch: ConnectionPatch) -> Connection:
        found: Connection = self._transport.call(
            "PATCH", "/v1/accounts/{account}/connections/{id}", parameters={"account": account, "id": id}, body=patch
        )
        return found

    def delete(self, account: str, id: str) -> None:
        self._transport.call(
            "DELETE", "/v1/accounts/{account}/connections/{id}", parameters={"account": account, "id": id}
        )
