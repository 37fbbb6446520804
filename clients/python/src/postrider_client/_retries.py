"""Which calls are repeated, and after what wait.

A call that is repeatable (GET, PUT, DELETE, and POST, which has an idempotency key) is repeated whenever its
outcome is unknown. The server does not recognise a repeated PATCH, so it is repeated only if the first request
certainly had no effect.
"""

from __future__ import annotations

import random
from typing import Callable, Optional

from .errors import PostriderError

#: Repetitions of a call by default. With the waits below, they bridge a restart of some 8 seconds.
MAX_RETRIES = 5

#: The first wait, in seconds, which doubles with each repetition.
FIRST_WAIT_S = 0.25

#: The longest wait, unless the server asks for more.
WAIT_S_MAX = 10.0

#: A longer `Retry-After` is not waited for: the caller learns of it instead.
RETRY_AFTER_S_MAX = 60.0


def wait_before_retry(
    error: PostriderError,
    *,
    repeatable: bool,
    attempt: int,
    max_retries: int,
    random: Callable[[], float] = random.random,
) -> Optional[float]:
    """The wait before the next request, in seconds; None if there must be none."""
    if attempt > max_retries:
        return None
    if not error.had_no_effect and not (repeatable and _is_temporary(error)):
        return None
    wait = backoff(attempt, random)
    if error.retry_after_s is None:
        return wait
    return None if error.retry_after_s > RETRY_AFTER_S_MAX else error.retry_after_s + wait


def backoff(attempt: int, random: Callable[[], float] = random.random) -> float:
    """The wait after the `attempt`th failure, from 1, in seconds: half of it is fixed and half is random, so
    that clients that failed together do not return together.
    """
    full = min(WAIT_S_MAX, FIRST_WAIT_S * 2.0 ** (attempt - 1))
    return full * (0.5 + random() / 2)


def _is_temporary(error: PostriderError) -> bool:
    """Whether a later request may succeed. This one may have taken effect."""
    if error.status is None:
        return error.code in ("network_error", "timeout")
    return error.status in (502, 503, 504) or error.code == "request_in_progress"
