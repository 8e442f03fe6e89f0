"""Probes: one file a kind; each detects its kind by signature and collects what is there."""

from verifier.domains import host_identity
from verifier.probes._looking import collect_source, probe
from verifier.probes._registry import KINDS, PROBES, Probe

__all__ = ["KINDS", "PROBES", "Probe", "collect_source", "host_identity", "probe"]
