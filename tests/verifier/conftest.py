"""Where all tools must be there, a test that is skipped has failed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.needs import ALL_TOOLS, NOT_HERE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.skipped and os.environ.get(ALL_TOOLS) and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if NOT_HERE not in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped where all tools must be there: {reason}"
    return report
