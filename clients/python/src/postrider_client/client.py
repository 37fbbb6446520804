"""The client: an attribute for each resource of the API."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Optional, Type

from ._transport import Transport
from .resources.access import ApiKeys, Audit, MasterKeys, PortalLinks, Sessions
from .resources.accounts import Accounts
from .resources.automations import Automations
from .resources.connections import Connections
from .resources.deliveries import Deliveries
from .resources.event_types import EventTypes
from .resources.events import Events
from .resources.search import Search
from .resources.signing_keys import SigningKeys
from .resources.statistics import StatisticsOverTime


class Postrider:
    """A client of one installation, which threads can share. `close`, or `with`, closes its idle connections.

    Without arguments, it reads the variables `POSTRIDER_URL` (by default `http://127.0.0.1:8080`) and
    `POSTRIDER_API_KEY`, as the command line does. `timeout_s` bounds one request until the last byte of its
    response, 30 by default. `max_retries` is how often a call is repeated at most, 5 by default.
    """

    def __init__(
        self,
        *,
        api_key: Optional[str] = None,
        url: Optional[str] = None,
        timeout_s: Optional[float] = None,
        max_retries: Optional[int] = None,
        ssl_context: Optional[ssl.SSLContext] = None,
    ) -> None:
        self._use(
            Transport(api_key=api_key, url=url, timeout_s=timeout_s, max_retries=max_retries, ssl_context=ssl_context)
        )

    def _use(self, transport: Transport) -> None:
        self._transport = transport
        self.accounts = Accounts(transport)
        self.signing_keys = SigningKeys(transport)
        self.automations = Automations(transport)
        self.connections = Connections(transport)
        self.events = Events(transport)
        self.deliveries = Deliveries(transport)
        self.event_types = EventTypes(transport)
        self.api_keys = ApiKeys(transport)
        self.portal_links = PortalLinks(transport)
        self.sessions = Sessions(transport)
        self.audit = Audit(transport)
        self.master_key = MasterKeys(transport)
        self.statistics = StatisticsOverTime(transport)
        self.search = Search(transport)

    def with_options(self, *, timeout_s: Optional[float] = None, max_retries: Optional[int] = None) -> Postrider:
        """A client of the same server, over the same connections, with other bounds."""
        other = object.__new__(Postrider)
        other._use(self._transport.with_options(timeout_s, max_retries))
        return other

    def close(self) -> None:
        """Closes the idle connections."""
        self._transport.connections.close()

    def __enter__(self) -> Postrider:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Postrider(url={self._transport.url!r})"
