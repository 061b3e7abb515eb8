"""Fixtures that several tests of the host share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support import mturk_credentials
from support.local_mturk import LocalMTurk
from support.local_prolific import LocalProlific, local_prolific


@pytest.fixture
def prolific() -> Iterator[LocalProlific]:
    """A local Prolific, with no study yet."""
    with local_prolific() as made:
        yield made


@pytest.fixture
def aws_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Those of the local Mechanical Turk, and none from the machine that runs the test."""
    mturk_credentials.use(monkeypatch, tmp_path_factory.mktemp("aws"))


@pytest.fixture
def mturk(aws_credentials: None) -> Iterator[LocalMTurk]:
    """A local Mechanical Turk, with no HIT yet."""
    server = LocalMTurk()
    yield server
    server.stop()
