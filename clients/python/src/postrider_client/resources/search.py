from __future__ import annotations

from typing import Any, Dict, List

from ..types import SearchResult
from ._resource import Resource


class Search(Resource):
    def find(self, text: str) -> List[SearchResult]:
        """What an id, a `uid` or the name of an event type stands for, among all that the caller may see."""
        found: Dict[str, Any] = self._transport.call("GET", "/v1/search", query={"q": text})
        results: List[SearchResult] = found["data"]
        return results
