"""Connections to the server, kept open between requests."""

from __future__ import annotations

import http.client
import os
import selectors
import ssl
import threading
import time
from typing import List, Optional, Tuple

#: Idle connections that are kept: one for each thread of a usual pool.
IDLE_MAX = 10

#: How long an idle connection is used again: less than the 60 s after which load balancers usually close it.
IDLE_S_MAX = 30.0


class Connections:
    """Hands out connections to one server. Threads share them; a process that was forked gets its own."""

    def __init__(self, host: str, port: int, context: Optional[ssl.SSLContext]) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._idle: List[Tuple[float, http.client.HTTPConnection]] = []

    def take(self, timeout_s: float) -> http.client.HTTPConnection:
        """An open connection. It is the caller's until it is given back or closed."""
        while True:
            idle = self._pop()
            if idle is None:
                break
            since, connection = idle
            if time.monotonic() - since < IDLE_S_MAX and not _has_ended(connection):
                return connection
            connection.close()
        if self._context is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        else:
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=self._context)
        connection.connect()
        return connection

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        """Keeps the connection, whose last response was read to its end."""
        with self._lock:
            if len(self._idle) < IDLE_MAX:
                self._idle.append((time.monotonic(), connection))
                return
        connection.close()

    def close(self) -> None:
        """Closes the idle connections. Later calls open new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _pop(self) -> Optional[Tuple[float, http.client.HTTPConnection]]:
        with self._lock:
            if self._process != os.getpid():
                # The connections are the parent's: two processes on one would read each other's responses.
                self._process = os.getpid()
                self._idle = []
            return self._idle.pop() if self._idle else None


def _has_ended(connection: http.client.HTTPConnection) -> bool:
    """Whether the server closed the connection, or sent what nobody asked for."""
    if connection.sock is None:
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(timeout=0))
