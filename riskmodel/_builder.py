"""The rows that a program is built of, collected while a layout is walked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskmodel.lifetimes import Law, Term
    from riskmodel.media import Medium

__all__ = ["Builder"]


@dataclass
class Builder:
    """Collects rows while a layout is walked."""

    terms: list[Term] = field(default_factory=list)
    laws: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    known_laws: dict[Law, int] = field(default_factory=dict)
    frailties: list[float] = field(default_factory=list)
    labels: dict[tuple[str, str], int] = field(default_factory=dict)
    stores: list[dict[str, float]] = field(default_factory=list)
    groups: list[dict[str, float]] = field(default_factory=list)
    copies: list[dict[str, float]] = field(default_factory=list)
    rests: list[dict[str, float]] = field(default_factory=list)
    formats: dict[str, int] = field(default_factory=dict)
    sources: list[dict[str, float]] = field(default_factory=list)
    targets: list[tuple[int, int, float]] = field(default_factory=list)
    stress: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    drives: int = 0
    spares: int = 0
    pieces: int = 0

    def law(self, law: Law) -> int:
        """Return the row of a law; row 0 never happens."""
        if law.is_never:
            return 0
        if law not in self.known_laws:
            terms = law.terms()
            self.known_laws[law] = len(self.laws)
            self.laws.append((len(self.terms), len(terms)))
            self.terms.extend(terms)
        return self.known_laws[law]

    def label(self, medium: Medium, kind: str) -> int:
        """Return the index of a frailty, -1 for none."""
        label = getattr(medium, kind)
        if label is None or label.variance == 0.0:
            return -1
        key = (kind, label.label)
        if key not in self.labels:
            self.labels[key] = len(self.frailties)
            self.frailties.append(label.variance)
        return self.labels[key]

    def source(
        self,
        name: str,
        rate: float,
        kind: int,
        targets: list[tuple[int, int, float]],
        choose: int = 0,
        kills: float = 0.0,
        noticed: int = -1,
        takes_over: bool = False,
    ) -> None:
        """Add what strikes by a Poisson process."""
        if rate == 0.0 or not targets:
            return
        self.sources.append(
            {
                "kind": kind,
                "first": len(self.targets),
                "count": len(targets),
                "picks": choose,
                "kills": kills,
                "noticed": noticed,
                "takes_over": takes_over,
            }
        )
        self.targets += targets
        self.rates.append(rate)
        self.causes.append(name)
