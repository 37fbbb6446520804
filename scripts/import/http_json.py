"""Calls of JSON APIs."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request

# Seconds for one call.
TIMEOUT_S = 30

# Most calls of one list: 250,000 objects in pages of 250.
PAGES_MAX = 1_000

# Characters of a response that are printed.
SHOWN_MAX = 500
SHOWN_OF_OTHER_MAX = 200

# How often a call that got a 429 or 503 is repeated, and the longest wait before it.
REPEATS_MAX = 5
WAIT_MAX_S = 60


class Refused(Exception):
    """The API responded with an error, or with something else than JSON."""

    def __init__(self, status, message, text):
        super().__init__(message)
        self.status = status
        self.text = text


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to the caller: urllib would send the API key to wherever it leads."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirects)


class Client:
    """An API with a bearer token."""

    def __init__(self, url, token):
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise OSError(f"{url}: expected a URL that begins with https:// or http://")
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
                    raise Refused(error.code, f"{method} {path}: {error.code} {explained(error, text)}", text) from None
                wait = error.headers.get("retry-after", "")
                time.sleep(min(int(wait) if wait.isdigit() else 1, WAIT_MAX_S))

    def once(self, method, url, body):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Accept", "application/json")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with OPENER.open(request, timeout=TIMEOUT_S) as response:
                status, text = response.status, response.read()
        except http.client.HTTPException as error:
            raise OSError(f"{method} {without_query(url)}: {error!r}") from None
        try:
            return json.loads(text) if text else None
        except ValueError:
            shown = text.decode("utf-8", "replace")
            message = f"{method} {without_query(url)}: {status}, but no JSON: {shown[:SHOWN_OF_OTHER_MAX]}"
            raise Refused(status, message, shown) from None


def explained(error, text):
    """What is printed about the status of an error."""
    if 300 <= error.code < 400:
        return f"redirects to {without_query(error.headers.get('location', ''))}, which is not followed"
    return text[:SHOWN_MAX]


def without_query(url):
    """A URL to be printed: its query may hold a secret."""
    return url.split("?", 1)[0]


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
