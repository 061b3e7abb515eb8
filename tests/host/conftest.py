"""Fixtures that several tests of the host share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.local_prolific import LocalProlific, local_prolific


@pytest.fixture
def prolific() -> Iterator[LocalProlific]:
    """A local Prolific, with no study yet."""
    with local_prolific() as made:
        yield made
