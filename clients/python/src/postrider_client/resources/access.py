"""Who may do what: API keys, portal links and sessions of the console; and who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Optional, Union

from .._listing import Listing
from ..types import (
    ApiKey,
    ApiKeyInput,
    AuditEntry,
    CreatedApiKey,
    CreatedPortalLink,
    EndedSessions,
    MasterKey,
    PortalLink,
    PortalLinkInput,
    Session,
)
from ._resource import Resource


class ApiKeys(Resource):
    def list(self, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> Listing[ApiKey]:
        return self._list_at("/v1/api-keys", {}, {}, limit, cursor)

    def create(self, input: ApiKeyInput) -> CreatedApiKey:
        """The result has the `key`, which is shown this once."""
        found: CreatedApiKey = self._transport.call("POST", "/v1/api-keys", body=input)
        return found

    def delete(self, id: str) -> None:
        self._transport.call("DELETE", "/v1/api-keys/{id}", parameters={"id": id})


class PortalLinks(Resource):
    """Links that sign a customer in to its account in the console."""

    def list(self, account: str, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> Listing[PortalLink]:
        return self._list_at("/v1/accounts/{account}/portal-links", {"account": account}, {}, limit, cursor)

    def create(self, account: str, input: Optional[PortalLinkInput] = None) -> CreatedPortalLink:
        """The result has the `url`, which is shown this once."""
        found: CreatedPortalLink = self._transport.call(
            "POST", "/v1/accounts/{account}/portal-links", parameters={"account": account}, body=input or {}
        )
        return found

    def revoke(self, account: str, id: str) -> None:
        """Ends the link and its sessions."""
        self._transport.call(
            "DELETE", "/v1/accounts/{account}/portal-links/{id}", parameters={"account": account, "id": id}
        )


class Sessions(Resource):
    def list(self, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> Listing[Session]:
        """The sessions of staff."""
        return self._list_at("/v1/sessions", {}, {}, limit, cursor)

    def end(self, id: str) -> None:
        self._transport.call("DELETE", "/v1/sessions/{id}", parameters={"id": id})

    def end_all(self) -> EndedSessions:
        found: EndedSessions = self._transport.call("DELETE", "/v1/sessions")
        return found

    def list_of_account(
        self, account: str, *, limit: Optional[int] = None, cursor: Optional[str] = None
    ) -> Listing[Session]:
        """The sessions that portal links of the account began."""
        return self._list_at("/v1/accounts/{account}/sessions", {"account": account}, {}, limit, cursor)

    def end_of_account(self, account: str, id: str) -> None:
        self._transport.call(
            "DELETE", "/v1/accounts/{account}/sessions/{id}", parameters={"account": account, "id": id}
        )

    def end_all_of_account(self, account: str) -> EndedSessions:
        found: EndedSessions = self._transport.call(
            "DELETE", "/v1/accounts/{account}/sessions", parameters={"account": account}
        )
        return found


class Audit(Resource):
    """Who did what, to what, from where."""

    def list(
        self,
        *,
        account: Optional[str] = None,
        action: Optional[str] = None,
        actor: Optional[str] = None,
        target: Optional[str] = None,
        after: Union[str, datetime, None] = None,
        before: Union[str, datetime, None] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Listing[AuditEntry]:
        filters = {
            "account": account,
            "action": action,
            "actor": actor,
            "target": target,
            "after": after,
            "before": before,
        }
        return self._list_at("/v1/audit", {}, filters, limit, cursor)

    def list_of_account(
        self,
        account: str,
        *,
        action: Optional[str] = None,
        actor: Optional[str] = None,
        target: Optional[str] = None,
        after: Union[str, datetime, None] = None,
        before: Union[str, datetime, None] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Listing[AuditEntry]:
        filters = {"action": action, "actor": actor, "target": target, "after": after, "before": before}
        return self._list_at("/v1/accounts/{account}/audit", {"account": account}, filters, limit, cursor)


class MasterKeys(Resource):
    """The key that seals the secrets in the store."""

    def get(self) -> MasterKey:
        found: MasterKey = self._transport.call("GET", "/v1/master-key")
        return found

    def rotate(self) -> MasterKey:
        found: MasterKey = self._transport.call("POST", "/v1/master-key/rotate", body={})
        return found
