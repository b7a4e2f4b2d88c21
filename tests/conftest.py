"""Hypothesis draws the same examples everywhere, and no test reaches a network.

New examples are looked for on purpose: ``python -m pytest --hypothesis-profile exploring``.
"""

import gc
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.register_profile("exploring", deadline=None)
settings.load_profile("reproducible")

HERE = ("localhost", "127.0.0.1", "::1", "", None)


class NetworkError(RuntimeError):
    """A test asked for a place that is not this machine."""


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what libraries and tests stay for: much of its work."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse to find or to reach any other machine; a browser on this one may be talked to."""
    connect, find = socket.socket.connect, socket.getaddrinfo

    def connect_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in HERE:
            raise NetworkError(f"a test would connect to {address[0]}")
        connect(self, address)

    def find_here(host: Any, *more: Any, **named: Any) -> Any:
        if host not in HERE:
            raise NetworkError(f"a test would look up {host}")
        return find(host, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        patch.setattr(socket, "getaddrinfo", find_here)
        yield


@pytest.fixture
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the figures, which are most of a run's time, but for who is marked as drawn."""
    if request.node.get_closest_marker("drawn") is None:
        monkeypatch.setattr("forecast.report.Report._figures", lambda report, pairs: [])
        monkeypatch.setattr("forecast.report.symbols.SymbolReport._figures", lambda report: [])
