"""Calls of JSON APIs."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

# Seconds for one call.
TIMEOUT_S = 30

# Most calls of one list: 250,000 objects in pages of 250.
PAGES_MAX = 1_000

# How often a call that got a 429 or 503 is repeated, and the longest wait before it.
REPEATS_MAX = 5
WAIT_MAX_S = 60


class Refused(Exception):
    """The API answered with an error."""

    def __init__(self, status, asked, text):
        super().__init__(f"{asked}: {status} {text[:500]}")
        self.status = status
        self.text = text


class Client:
    """An API with a bearer token."""

    def __init__(self, url, token):
        self.url = url.rstrip("/")
        self.token = token

    def get(self, path, **query):
        return self.call("GET", path, query=query)

    def call(self, method, path, body=None, query=None):
        """The JSON of a successful response; None if it is empty."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        url = self.url + path + ("?" + urllib.parse.urlencode(given) if given else "")
        for repeat in range(REPEATS_MAX + 1):
            try:
                return self.once(method, url, body)
            except urllib.error.HTTPError as error:
                text = error.read().decode("utf-8", "replace")
                if error.code not in (429, 503) or repeat == REPEATS_MAX:
                    raise Refused(error.code, f"{method} {path}", text) from None
                wait = error.headers.get("retry-after", "")
                time.sleep(min(int(wait) if wait.isdigit() else 1, WAIT_MAX_S))

    def once(self, method, url, body):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Accept", "application/json")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            text = response.read()
        return json.loads(text) if text else None


def part(text):
    """A text as one part of a path."""
    return urllib.parse.quote(text, safe="")


def all_pages(page_of):
    """The items of a list. `page_of(cursor)` returns the items of a page and the next cursor, or None."""
    items, cursor = [], None
    for _ in range(PAGES_MAX):
        page, cursor = page_of(cursor)
        items.extend(page)
        if not cursor:
            return items
    raise OSError(f"a list has more than {PAGES_MAX} pages")
