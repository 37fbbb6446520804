from __future__ import annotations

from typing import Optional

from .._listing import Listing
from ..types import Account, AccountInput, AccountPatch
from ._resource import Resource


class Accounts(Resource):
    """The customers of the company that runs Postrider. `account` is an account's id or its `uid`."""

    def list(self, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> Listing[Account]:
        return self._list_at("/v1/accounts", {}, {}, limit, cursor)

    def create(self, input: AccountInput) -> Account:
        found: Account = self._transport.call("POST", "/v1/accounts", body=input)
        return found

    def get(self, account: str) -> Account:
        found: Account = self._transport.call("GET", "/v1/accounts/{account}", parameters={"account": account})
        return found

    def update(self, account: str, patch: AccountPatch) -> Account:
        """Changes the members that `patch` has; None resets one to its default."""
        found: Account = self._transport.call(
            "PATCH", "/v1/accounts/{account}", parameters={"account": account}, body=patch
        )
        return found

    def delete(self, account: str) -> None:
        """Deletes the account with everything in it."""
        self._transport.call("DELETE", "/v1/accounts/{account}", parameters={"account": account})
