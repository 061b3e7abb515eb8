"""How tests are chosen, timed and gone on with: the hooks of `lanes`, `times` and `resume`.

`tests/conftest.py` imports these hooks; `tests/test_lanes.py` runs a small suite with them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support import lanes, resume, times
from support.checkout import files_of, hash_of


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--lane`, `--times` and `--resume`."""
    for module in (lanes, times, resume):
        module.add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Load the lane's Hypothesis profile before any test module is imported."""
    lane = lanes.lane_of(config)
    lanes.load_profile(lane)
    config.pluginmanager.register(times.Timer())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(times.Bill(lane.name, config.getoption("--times")))
        if config.getoption("--resume"):
            root = config.rootpath
            key = hash_of(files_of(root), lane.name, root=root)
            passed = resume.Passed(Path(config.getoption("--resume")), key)
            config.pluginmanager.register(passed, "passed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the databases of each test by lane and mark."""
    lanes.choose_databases(metafunc)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the lane does not run, and what has passed before."""
    lanes.leave_out(config, items)
    resume.leave_out(config, items)
