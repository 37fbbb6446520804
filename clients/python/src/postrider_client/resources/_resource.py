"""What the resources share: their transport, and lists."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from .._listing import Listing
from .._transport import Parameter, Transport


class Resource:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _list_at(
        self,
        path: str,
        parameters: Mapping[str, str],
        query: Mapping[str, Parameter],
        limit: Optional[int],
        cursor: Optional[str],
    ) -> Listing[Any]:
        def page(at: Optional[str]) -> Dict[str, Any]:
            whole = {**query, "limit": limit, "cursor": at}
            found: Dict[str, Any] = self._transport.call("GET", path, parameters=parameters, query=whole)
            return found

        return Listing(page, cursor)
