from __future__ import annotations

from typing import Optional

from .._listing import Listing
from ..types import RotateInput, SigningKey
from ._resource import Resource


class SigningKeys(Resource):
    """The keys that receivers verify an account's webhooks with. The key that signs the main header comes
    first.
    """

    def list(self, account: str, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> Listing[SigningKey]:
        return self._list_at("/v1/accounts/{account}/signing-keys", {"account": account}, {}, limit, cursor)

    def rotate(self, account: str, input: Optional[RotateInput] = None) -> SigningKey:
        """Creates a new key. Earlier ones sign beside it for `overlap_s`."""
        found: SigningKey = self._transport.call(
            "POST",
            "/v1/accounts/{account}/signing-keys/rotate",
            parameters={"account": account},
            body=input or {},
        )
        return found

    def list_of_action(
        self,
        account: str,
        automation: str,
        action: str,
        *,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Listing[SigningKey]:
        """The keys of an action that has its own."""
        parameters = {"account": account, "id": automation, "action": action}
        return self._list_at(
            "/v1/accounts/{account}/automations/{id}/actions/{action}/signing-keys", parameters, {}, limit, cursor
        )

    def rotate_of_action(
        self, account: str, automation: str, action: str, input: Optional[RotateInput] = None
    ) -> SigningKey:
        found: SigningKey = self._transport.call(
            "POST",
            "/v1/accounts/{account}/automations/{id}/actions/{action}/signing-keys/rotate",
            parameters={"account": account, "id": automation, "action": action},
            body=input or {},
        )
        return found
