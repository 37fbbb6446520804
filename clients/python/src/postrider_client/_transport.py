"""One call of the API: its URL, its bounds in time and size, and its repetitions."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
import threading
import time
import uuid
from datetime import datetime
from typing import Any, Dict, List, Mapping, NamedTuple, NoReturn, Optional, Union
from urllib.parse import quote, urlencode, urlsplit

from ._connections import Connections
from ._retries import MAX_RETRIES, wait_before_retry
from ._version import VERSION
from .errors import PostriderError, error_of_response

#: The server's address by default, as for the command line.
DEFAULT_URL = "http://127.0.0.1:8080"

#: Bound on one request by default, until the last byte of its response, in seconds.
TIMEOUT_S = 30.0

#: Largest response that is read: a page of 250 events of 256 KiB each, as for the command line.
RESPONSE_BYTES_MAX = 64 * 1024 * 1024

#: How much of a response is read at once.
CHUNK_BYTES = 64 * 1024

#: A parameter of a query. None leaves it out.
Parameter = Union[str, int, bool, datetime, None]


class ParsedResponse(NamedTuple):
    """A response, and what its headers say."""

    result: Any
    request_id: Optional[str]


class Transport:
    def __init__(
        self,
        *,
        api_key: Optional[str],
        url: Optional[str],
        timeout_s: Optional[float],
        max_retries: Optional[int],
        ssl_context: Optional[ssl.SSLContext],
    ) -> None:
        given = url or os.environ.get("POSTRIDER_URL") or DEFAULT_URL
        parts = _checked_url(given)
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._prefix = parts.path.rstrip("/")
        self._authorization = f"Bearer {_checked_key(api_key or os.environ.get('POSTRIDER_API_KEY'))}"
        self.timeout_s = TIMEOUT_S if timeout_s is None else timeout_s
        self.max_retries = MAX_RETRIES if max_retries is None else max_retries
        is_tls = parts.scheme == "https"
        context = (ssl_context or ssl.create_default_context()) if is_tls else None
        self.connections = Connections(parts.hostname or "", parts.port or (443 if is_tls else 80), context)

    def with_options(self, timeout_s: Optional[float], max_retries: Optional[int]) -> Transport:
        """The same server and connections, with other bounds."""
        other = object.__new__(Transport)
        other.__dict__.update(self.__dict__)
        if timeout_s is not None:
            other.timeout_s = timeout_s
        if max_retries is not None:
            other.max_retries = max_retries
        return other

    def call(
        self,
        method: str,
        path: str,
        *,
        parameters: Optional[Mapping[str, str]] = None,
        query: Optional[Mapping[str, Parameter]] = None,
        body: Any = None,
        headers: Optional[Mapping[str, str]] = None,
        repeatable: Optional[bool] = None,
    ) -> Any:
        """Makes a call and returns the body of its response."""
        text = None if body is None else json.dumps(body, allow_nan=False).encode()
        return self.send(
            method, path, parameters=parameters, query=query, body=text, headers=headers, repeatable=repeatable
        ).result

    def send(
        self,
        method: str,
        path: str,
        *,
        parameters: Optional[Mapping[str, str]] = None,
        query: Optional[Mapping[str, Parameter]] = None,
        body: Optional[bytes] = None,
        headers: Optional[Mapping[str, str]] = None,
        repeatable: Optional[bool] = None,
        ending: Optional[threading.Event] = None,
    ) -> ParsedResponse:
        """The same with a body that is JSON text already. Once `ending` is set, nothing is repeated."""
        target = self._prefix + _filled_in(path, parameters or {}) + _query_of(query or {})
        sent = self._headers(body, headers or {})
        if repeatable is None:
            repeatable = method != "PATCH"
            if method == "POST":
                # The server handles requests with one key once.
                sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        may_have_taken_effect = False
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(method, target, sent, body)
            except PostriderError as error:
                # An earlier DELETE took effect, and its response was lost.
                if may_have_taken_effect and method == "DELETE" and error.status == 404:
                    return ParsedResponse(None, error.request_id)
                may_have_taken_effect = may_have_taken_effect or not error.had_no_effect
                wait = wait_before_retry(error, repeatable=repeatable, attempt=attempt, max_retries=self.max_retries)
                if wait is None:
                    raise
                if (ending or threading.Event()).wait(wait):
                    raise

    def _headers(self, body: Optional[bytes], others: Mapping[str, str]) -> Dict[str, str]:
        headers = {
            "Accept": "application/json, application/problem+json",
            "Authorization": self._authorization,
            "User-Agent": f"postrider-python/{VERSION}",
            **others,
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _once(self, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes]) -> ParsedResponse:
        deadline = time.monotonic() + self.timeout_s
        try:
            connection = self.connections.take(self.timeout_s)
        except (OSError, http.client.HTTPException) as error:
            # A certificate that is not valid will not be valid a second later.
            self._fail(error, had_no_effect=not isinstance(error, ssl.SSLCertVerificationError))
        try:
            _bound(connection, deadline)
            connection.request(method, target, body=body, headers=dict(headers))
            _bound(connection, deadline)
            response = connection.getresponse()
            text = _read(connection, response, deadline)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._fail(error)
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self.connections.give_back(connection)
        return _result_of(response, text)

    def _fail(self, error: Exception, had_no_effect: bool = False) -> NoReturn:
        # Only since Python 3.10 they are the same class.
        if isinstance(error, (TimeoutError, socket.timeout)):
            message, code = f"no response within {self.timeout_s:g} s", "timeout"
        else:
            message, code = f"no response from {self.url}: {error or type(error).__name__}", "network_error"
        raise PostriderError(message, code=code, had_no_effect=had_no_effect) from error


def _bound(connection: http.client.HTTPConnection, deadline: float) -> None:
    """Lets the next wait on the connection end at the deadline."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    if connection.sock is not None:
        connection.sock.settimeout(left)


def _read(connection: http.client.HTTPConnection, response: http.client.HTTPResponse, deadline: float) -> bytes:
    chunks: List[bytes] = []
    total = 0
    while True:
        _bound(connection, deadline)
        chunk = response.read1(CHUNK_BYTES)
        if not chunk:
            if response.length:
                raise http.client.IncompleteRead(b"".join(chunks), response.length)
            # Reading in chunks does not close it, and the connection waits for that.
            response.close()
            return b"".join(chunks)
        chunks.append(chunk)
        total += len(chunk)
        if total > RESPONSE_BYTES_MAX:
            message = f"the response has more than {RESPONSE_BYTES_MAX} bytes"
            raise PostriderError(message, code="unexpected_response", status=response.status)


def _result_of(response: http.client.HTTPResponse, text: bytes) -> ParsedResponse:
    headers = {name.lower(): value for name, value in response.getheaders()}
    if not 200 <= response.status < 300:
        raise error_of_response(response.status, text, headers)
    request_id = headers.get("x-request-id")
    if not text:
        return ParsedResponse(None, request_id)
    try:
        return ParsedResponse(json.loads(text), request_id)
    except ValueError as error:
        message = "the response is not JSON: is this the URL of a Postrider server?"
        raise PostriderError(
            message, code="unexpected_response", status=response.status, request_id=request_id
        ) from error


def _filled_in(path: str, parameters: Mapping[str, str]) -> str:
    """The path with its parameters, percent-encoded."""

    def value_of(match: re.Match[str]) -> str:
        value = parameters[match[1]]
        # A URL with `..` in it leads to another resource.
        if not isinstance(value, str) or value in ("", ".", ".."):
            raise ValueError(f"{match[1]}: expected an id, not {value!r}")
        return quote(value, safe="")

    return re.sub(r"\{(\w+)\}", value_of, path)


def _query_of(parameters: Mapping[str, Parameter]) -> str:
    given = {name: _text_of(value) for name, value in parameters.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _text_of(value: Union[str, int, bool, datetime]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs a time zone: datetime.now(timezone.utc)")
        return value.isoformat(timespec="milliseconds")
    return str(value)


def _checked_url(text: str) -> Any:
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"the server's address must begin with http:// or https://, not {text!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the server's address can have no user, no password, no `?` and no `#`")
    return parts


def _checked_key(key: Optional[str]) -> str:
    text = (key or "").strip()
    if not text:
        raise ValueError("no API key: set POSTRIDER_API_KEY, or give `api_key`")
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("the API key has a space or a control character in it")
    return text
