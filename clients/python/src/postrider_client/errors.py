"""The one error of this package for a call that did not succeed."""

from __future__ import annotations

import json
import re
import time
from email.utils import parsedate_to_datetime
from typing import List, Mapping, Optional

from .types import Fault, Problem


class PostriderError(Exception):
    """A call that did not succeed."""

    #: The server's stable code, such as `uid_taken`, or one of this client: `network_error` (no response:
    #: the connection failed, or broke), `timeout`, `unexpected_response` (not what a Postrider server sends),
    #: `sender_closed` (the batch sender was closed before the event's outcome was known).
    code: str
    #: The status of the response; None if there was none.
    status: Optional[int]
    #: What is wrong with the request: `pointer` is a JSON Pointer into the body, `parameter` a name.
    errors: List[Fault]
    #: `x-request-id` of the response, by which the server's log and audit trail find the request.
    request_id: Optional[str]
    #: What `Retry-After` asked for, in seconds.
    retry_after_s: Optional[float]

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: Optional[int] = None,
        errors: Optional[List[Fault]] = None,
        request_id: Optional[str] = None,
        retry_after_s: Optional[float] = None,
        had_no_effect: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.errors = errors or []
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        #: Whether the server certainly did nothing, and may do it later.
        self.had_no_effect = had_no_effect or status == 429 or code in ("stopping", "body_timeout")


def error_of_response(status: int, body: bytes, headers: Mapping[str, str]) -> PostriderError:
    """The error in a response with this status, body and headers (with names in lower case)."""
    request_id = headers.get("x-request-id")
    wait = retry_after_s(headers.get("retry-after"))
    problem = _problem_in(body)
    if problem is None:
        hint = "; redirects are not followed" if status < 400 else ""
        message = f"status {status} without a problem document{hint}: is this the URL of a Postrider server?"
        return PostriderError(
            message, code="unexpected_response", status=status, request_id=request_id, retry_after_s=wait
        )
    return PostriderError(
        _message_of(problem),
        code=problem["code"],
        status=status,
        errors=problem.get("errors", []),
        request_id=request_id,
        retry_after_s=wait,
    )


def error_of_item(problem: Problem, request_id: Optional[str]) -> PostriderError:
    """The error of one event of a batch. Its pointers lead into the event, not into the batch."""
    errors: List[Fault] = []
    for fault in problem.get("errors", []):
        fault = fault.copy()
        if "pointer" in fault:
            fault["pointer"] = re.sub(r"^/events/\d+", "", fault["pointer"])
        errors.append(fault)
    return PostriderError(
        _message_of(problem), code=problem["code"], status=problem["status"], errors=errors, request_id=request_id
    )


def retry_after_s(value: Optional[str], now_s: Optional[float] = None) -> Optional[float]:
    """`Retry-After` in seconds: a number, or the HTTP date that a proxy may send (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        at = parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError):
        return None
    return max(0.0, at - (time.time() if now_s is None else now_s))


def _message_of(problem: Problem) -> str:
    faults = problem.get("errors", [])
    place = f" at {_place_of(faults[0])}" if len(faults) == 1 else ""
    # With a single fault, `detail` repeats it. With several, it only says how many there are.
    listed = "".join(f"\n  {_place_of(fault)}: {fault['detail']}" for fault in faults) if len(faults) > 1 else ""
    return f"{problem['detail']}{place} ({problem['status']} {problem['code']}){listed}"


def _place_of(fault: Fault) -> str:
    return fault.get("pointer") or fault.get("parameter") or "/"


def _problem_in(body: bytes) -> Optional[Problem]:
    try:
        problem = json.loads(body)
    except ValueError:
        return None
    if isinstance(problem, dict) and isinstance(problem.get("code"), str) and isinstance(problem.get("detail"), str):
        problem.setdefault("status", 0)
        found: Problem = problem  # type: ignore[assignment]
        return found
    return None
