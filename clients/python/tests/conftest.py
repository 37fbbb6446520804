from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest
from servers import Receiver, Server

from postrider_client import Postrider


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    server = Server("--header-prefix", "Acme")
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postrider(server: Server) -> Postrider:
    return server.client()


@pytest.fixture()
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture()
def stub() -> Iterator[Callable[..., Receiver]]:
    """Makes servers that respond as they are told."""
    made = []

    def make(*arguments: Any) -> Receiver:
        made.append(Receiver(*arguments))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture()
def account(postrider: Postrider, request: pytest.FixtureRequest) -> str:
    """The uid of an account of this test."""
    uid = request.node.name[:120].replace("[", ".").rstrip("]")
    postrider.accounts.create({"uid": uid, "name": uid})
    return str(uid)
