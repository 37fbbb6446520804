"""Lists of any length."""

from __future__ import annotations

from typing import Any, Callable, Dict, Generic, Iterator, List, NamedTuple, Optional, TypeVar

Item = TypeVar("Item")


class Page(NamedTuple):
    """One page of a list."""

    data: List[Any]
    #: Where the next page begins; None on the last one.
    next_cursor: Optional[str]


class Listing(Generic[Item]):
    """A list, newest first. Iterating over it yields every entry and requests a page only once it is needed;
    a `break` ends the requests. Each iteration begins anew.
    """

    def __init__(self, page: Callable[[Optional[str]], Dict[str, Any]], cursor: Optional[str]) -> None:
        self._page = page
        self._cursor = cursor

    def __iter__(self) -> Iterator[Item]:
        for page in self.pages():
            yield from page.data

    def pages(self) -> Iterator[Page]:
        """The pages, each with the `next_cursor` that `list(cursor=…)` continues from."""
        cursor = self._cursor
        while True:
            body = self._page(cursor)
            cursor = body.get("next_cursor")
            yield Page(body["data"], cursor)
            if cursor is None:
                return
