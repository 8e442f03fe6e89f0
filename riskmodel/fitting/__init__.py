"""Lifetimes of drives from what was observed: read, fit, draw, and write a media file.

Tables of lifetimes and Backblaze Drive Stats are read by `read_lifetimes`; `fit_lifetimes` fits
Weibull laws, competing hazards and gamma frailties with left truncation and right censoring;
`media_toml` writes what layouts bring in by ``media_from``.
"""

from __future__ import annotations

from riskmodel.fitting.likelihood import Estimate
from riskmodel.fitting.media_file import media_toml
from riskmodel.fitting.observed import Lifetimes
from riskmodel.fitting.result import Fit, fit_lifetimes, read_lifetimes

__all__ = ["Estimate", "Fit", "Lifetimes", "fit_lifetimes", "media_toml", "read_lifetimes"]
