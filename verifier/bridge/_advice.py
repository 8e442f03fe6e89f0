"""What to change first: each change's probability of loss, by the risk model."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskmodel._tables import table_html
from riskmodel.effects import MOST_PAIRED, Effect, effects, level_of_all, small_sharpened
from riskmodel.errors import InputError
from verifier.bridge._layouts import to_layouts
from verifier.changes import Change, changes, of_each_kind
from verifier.rules import Status

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.layout import Layout
    from verifier.audit import Audit
    from verifier.score import Score

__all__ = ["Advice", "Proposal", "advise"]

_MOST_COMPUTED = 100  # each is an audit and a run of its own


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change, what it does to the probability of loss, and what to the verdict.

    Parameters
    ----------
    change : Change
        What to do.
    effect : Effect
        The probability before and after.
    passes : tuple of str
        Gates that pass then and do not now.
    score : Score
        After the change.
    """

    change: Change
    effect: Effect
    passes: tuple[str, ...]
    score: Score


@dataclass(frozen=True, slots=True)
class Advice:
    """All proposals: those that clearly remove loss, the most first; then the rest.

    Parameters
    ----------
    audit : Audit
        What they are about.
    clear : tuple of Proposal
        By how much of the loss probability they remove.
    noise : tuple of Proposal
        Their effect is not told from the sampling error, at 95 % for all changes together; not
        ranked.
    harmful : tuple of Proposal
        What would add to the probability.
    not_computed : int
        Further changes of the same kinds, to other locations of a very large set-up.
    """

    audit: Audit
    clear: tuple[Proposal, ...]
    noise: tuple[Proposal, ...]
    harmful: tuple[Proposal, ...]
    not_computed: int = 0

    @property
    def rest_in_words(self) -> str:
        """How many changes were not computed; empty if all were."""
        if not self.not_computed:
            return ""
        return (
            f"{self.not_computed:,} more changes of these kinds, to other locations, were not "
            "computed: what they would remove is not known."
        )

    @property
    def disagreement(self) -> str:
        """Why gates and probability rank differently; empty where they do not."""
        first = next((one for one in self.clear), None)
        with_gate = next((one for one in (*self.clear, *self.noise) if one.passes), None)
        if first is None or with_gate is None or first.passes:
            return ""
        share = f"{first.effect.removed:.0%}".replace("%", " %")
        return (
            f"The rule would have '{with_gate.change.name}' first, as a gate passes by it; the "
            f"probability would have '{first.change.name}', which removes {share} of the loss "
            "though no gate asks for it: a gate counts copies, and does not weigh how often each "
            "way to lose them is taken."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row a change: what clearly helps, what the noise hides, what would harm."""
        import pandas as pd

        groups = (
            ("clear", self.clear), ("in the noise", self.noise), ("adds to the loss", self.harmful)
        )  # fmt: skip
        rows = []
        for verdict, proposals in groups:
            for one in proposals:
                low, high = one.effect.removed_interval()
                rows.append(
                    {
                        "change": one.change.name,
                        "verdict": verdict,
                        "removed": one.effect.removed,
                        "removed_low": low,
                        "removed_high": high,
                        "then": one.effect.after.in_words,
                        "score": one.score.value,
                        "passes": ", ".join(one.passes),
                    }
                )
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        words = self.disagreement
        head = f"<p>{html.escape(words)}</p>" if words else ""
        return f"{table_html(self.to_frame().round(2))}{head}"


def advise(
    found: Audit,
    *,
    horizon: str | float = "10 years",
    seed: int = 1,
    trials: int | None = 200_000,
    talk: Callable[[str], None] = lambda text: None,
) -> Advice:
    """Rank the changes of a set-up by the probability of loss that each removes.

    Parameters
    ----------
    found : Audit
        The audit.
    horizon : str or float
        Mission time. [h]
    seed : int
        The same for all, so that what the layouts share is drawn alike.
    trials : int, optional
        At most this many for each.
    talk : callable
        Told about progress.

    Returns
    -------
    Advice

    Raises
    ------
    InputError
        If the source could not be read.
    """
    from verifier.audit import judge

    now = to_layouts(found.setup.name, found.view, horizon=horizon).worst
    possible, layouts, audits = [], [], []
    everything = changes(found)
    chosen = of_each_kind(everything, _MOST_COMPUTED)
    for number, change in enumerate(chosen, 1):
        talk(f"judging change {number} of {len(chosen)}: {change.name}")
        setup = found.setup.model_copy(
            update={
                "sites": {**change.sites, **found.setup.sites},
                "keys_": {**found.setup.keys_, **change.keys},
            }
        )
        then = judge(setup, change.inventory)
        layout = _layout(then, change, horizon)
        if layout is not None:
            possible.append(change)
            layouts.append((change.name, layout))
            audits.append(then)
    count = len(layouts)
    estimates: Sequence[Effect] = effects(
        now,
        layouts,
        seed=seed,
        trials=trials,
        talk=lambda number, name: talk(f"computing change {number + 1} of {count}: {name}"),
    )
    estimates = small_sharpened(
        estimates, now, [layout.replace("name", f"{name}, changed") for name, layout in layouts],
        seed=seed, trials=min(trials or MOST_PAIRED, MOST_PAIRED),
        talk=lambda number: talk(f"once more, paired: {layouts[number][0]}"),
    )  # fmt: skip
    proposals = [
        Proposal(change, effect, _passes(found, then), then.score)
        for change, effect, then in zip(possible, estimates, audits, strict=True)
    ]
    level = level_of_all(count)
    clear = [one for one in proposals if not one.effect.hidden_at(level)]
    helpful = [one for one in clear if one.effect.removed > 0.0]
    return Advice(
        found,
        tuple(sorted(helpful, key=lambda one: -one.effect.removed)),
        tuple(one for one in proposals if one.effect.hidden_at(level)),
        tuple(one for one in clear if one.effect.removed <= 0.0),
        len(everything) - len(chosen),
    )


def _layout(then: Audit, change: Change, horizon: str | float) -> Layout | None:
    """Return the changed layout; None where the change does not come out as one."""
    try:
        layout = to_layouts(then.setup.name, then.view, horizon=horizon).worst
        for path, value in change.edits:
            layout = layout.replace(path, value)
    except InputError:
        return None
    return layout


def _passes(found: Audit, then: Audit) -> tuple[str, ...]:
    both = ((found.gates, then.gates), (found.practice, then.practice))
    return tuple(
        name
        for before, after in both
        for name, gate in after.items()
        if gate.status is Status.PASS and before[name].status is not Status.PASS
    )
