"""Audits for what watches over machines: a line for Nagios, a file for Prometheus, timers."""

from __future__ import annotations

from verifier._spent import Spent
from verifier.monitoring.nagios import nagios, nagios_failure
from verifier.monitoring.prometheus import prometheus, prometheus_file
from verifier.monitoring.schedule import cron_line, own_command, systemd_units

__all__ = [
    "Spent",
    "cron_line",
    "nagios",
    "nagios_failure",
    "own_command",
    "prometheus",
    "prometheus_file",
    "systemd_units",
]
