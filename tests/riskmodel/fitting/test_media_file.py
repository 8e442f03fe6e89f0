"""Fitted media in layouts: written, brought in, simulated."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import gamma

import riskmodel as rm
from riskmodel.bathtub import marginal_survival
from riskmodel.fitting.result import Fit
from riskmodel.lifetimes import Law
from tests.riskmodel.fitting.drives import lots_of_drives

LAYOUT = 'media_from = ["fitted/drives.toml"]\nhorizon = "3 years"\n'
COPY = '[[copies]]\nname = "{name}"\nrecovery = "never"\nstore = {{ media = "{media}" }}\n'


@pytest.fixture(scope="module")
def fit() -> Fit:
    seen = lots_of_drives(
        5, models=6, lots=4, each=150, between_models=0.8, between_lots=0.5, rate_per_year=0.1
    )
    return rm.fit_lifetimes(seen)


def layout_of(folder: Path, fit: Fit, *media: str) -> rm.Layout:
    (folder / "fitted").mkdir(exist_ok=True)
    (folder / "fitted" / "drives.toml").write_text(rm.media_toml(fit, "mine"), encoding="utf-8")
    text = LAYOUT + "".join(COPY.format(name=f"copy {i}", media=m) for i, m in enumerate(media))
    (folder / "layout.toml").write_text(text, encoding="utf-8")
    return rm.load_layout(folder / "layout.toml")


def test_a_model_nobody_knows_fails_as_its_law_and_frailties_say(tmp_path: Path, fit: Fit) -> None:
    assert fit.competing is not None
    assert fit.model_frailty is not None
    assert fit.lot_frailty is not None
    assert fit.lot_frailty.variance.value > 0.05
    layout = layout_of(tmp_path, fit, "mine", "mine")
    law = layout.media["mine"].lifetime
    assert law is not None
    hazard = float(law.cumulative_hazard(3.0 * 8766.0))
    # factors of a model and a lot, both integrated out for two drives that share them
    u = (np.arange(2_000) + 0.5) / 2_000
    factors = [
        gamma.ppf(u, 1.0 / v, scale=v)
        for v in (fit.model_frailty.variance.value, fit.lot_frailty.variance.value)
    ]
    both = np.mean(np.expm1(-hazard * np.outer(*factors)) ** 2)
    loss = rm.simulate(layout, method="events", trials=40_000, seed=3)
    assert abs(loss.probability - both) < 4.0 * np.sqrt(both * (1.0 - both) / 40_000)


def test_a_named_model_fails_by_its_own_weibull_law(tmp_path: Path, fit: Fit) -> None:
    row = fit.models[0]
    layout = layout_of(tmp_path, fit, f"mine {row.model}")
    law = layout.media[f"mine {row.model}"].lifetime
    assert law is not None
    assert law.weibull is not None
    hazard = float(law.cumulative_hazard(3.0 * 8766.0))
    variance = layout.media[f"mine {row.model}"].batch.variance
    exact = -np.expm1(-np.log1p(variance * hazard) / variance)
    loss = rm.simulate(layout, method="events", trials=40_000, seed=4)
    assert abs(loss.probability - exact) < 4.0 * np.sqrt(exact * (1.0 - exact) / 40_000)


@pytest.mark.parametrize("entered_late", [False, True])
@pytest.mark.parametrize("needed", [30, 10**6])
def test_times_its_frailties_a_fitted_law_is_what_the_drives_showed(
    entered_late: bool, needed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad models fail first: the law beside a frailty is not the one of all drives together."""
    if needed > 30:  # no competing hazards: a Weibull law for all
        monkeypatch.setattr("riskmodel.fitting.result.fit_competing", _too_few)
    rng = np.random.default_rng(11)
    models, each, shape, scale, variance, years = 120, 60, 1.5, 8.0, 1.0, 6.0
    factor = np.repeat(rng.gamma(1.0 / variance, variance, models), each)
    start = rng.uniform(0.0, 2.0, models * each) if entered_late else np.zeros(models * each)
    life = scale * ((start / scale) ** shape + rng.exponential(size=len(factor)) / factor) ** (
        1.0 / shape
    )
    name = np.repeat([f"m{i}" for i in range(models)], each)
    seen = rm.Lifetimes.from_columns(
        start * 8766.0, np.minimum(life, years) * 8766.0, life < years, name, name
    )
    fitted = rm.fit_lifetimes(seen, min_failures=10**6)  # no law for each model
    media = tomllib.loads(rm.media_toml(fitted, "mine"))["media"]["mine"]
    law = Law.model_validate(media["lifetime"])
    ages = np.array([1.0, 3.0, 5.5])
    # the factor of a model is 1 on average as it enters, so that the law is known
    given = law.cumulative_hazard(ages * 8766.0)
    assert given == pytest.approx((ages / scale) ** shape, rel=0.2)
    if entered_late:
        return
    together = 1.0 - marginal_survival(law, ages * 8766.0, [media["model"]["variance"]])
    failed = np.array([np.mean(life < age) for age in ages])
    assert together == pytest.approx(failed, rel=0.04)


def _too_few(*_: object, **__: object) -> None:
    raise ValueError("too few failures")


def test_a_model_of_unlike_lots_shows_its_own_survival() -> None:
    rng = np.random.default_rng(12)
    lots, each, shape, scale, variance, years = 60, 60, 2.0, 4.0, 0.8, 5.0
    factor = np.repeat(rng.gamma(1.0 / variance, variance, lots), each)
    life = scale * (rng.exponential(size=len(factor)) / factor) ** (1.0 / shape)
    seen = rm.Lifetimes.from_columns(
        np.zeros(len(life)), np.minimum(life, years) * 8766.0, life < years,
        np.repeat(["a", "b"], len(life) // 2), np.repeat([f"l{i}" for i in range(lots)], each),
    )  # fmt: skip
    media = tomllib.loads(rm.media_toml(rm.fit_lifetimes(seen), "mine"))["media"]
    ages = np.array([1.0, 2.5, 4.5])
    for model, part in (("a", life[: len(life) // 2]), ("b", life[len(life) // 2 :])):
        medium = media[f"mine {model}"]
        law, spread = Law.model_validate(medium["lifetime"]), medium["batch"]["variance"]
        together = 1.0 - marginal_survival(law, ages * 8766.0, [spread])
        assert together == pytest.approx([np.mean(part < age) for age in ages], rel=0.12)


def test_the_layout_holds_the_media_and_not_the_files_name(tmp_path: Path, fit: Fit) -> None:
    layout = layout_of(tmp_path, fit, "mine")
    pasted = tomllib.loads((tmp_path / "layout.toml").read_text(encoding="utf-8"))
    del pasted["media_from"]
    pasted |= tomllib.loads((tmp_path / "fitted" / "drives.toml").read_text(encoding="utf-8"))
    assert rm.Layout.from_dict(pasted).digest() == layout.digest()
    assert "media_from" in rm.Layout.model_json_schema(by_alias=True)["properties"]


@pytest.mark.parametrize(
    ("media", "names", "words"),
    [
        (None, '["no.toml"]', "no.toml: no such file"),
        ("", '["m.toml"]', "is empty; 'riskmodel fit -o' writes one"),
        ("[[copies]]\nname = 'a'\n", '["m.toml"]', "unknown key 'copies'"),
        ("media = 3\n", '["m.toml"]', "media: expects tables"),
        ("[media.a]\nafr = 0.1\n", '["m.toml", "m.toml"]', "media.a: is defined elsewhere too"),
        ("[media.b]\nafr = 0.1\n", '["m.toml"]', "media.b: is defined elsewhere too"),
        ("[media.a]\nafr = 3\n", '["m.toml"]', "media.a.afr: must be between 0 and 1, got 3"),
        (None, '"m.toml"', "media_from: expects a list of files, got 'm.toml'"),
    ],
)
def test_media_files_that_cannot_be_used(
    tmp_path: Path, media: str | None, names: str, words: str
) -> None:
    if media is not None:
        (tmp_path / "m.toml").write_text(media)
    layout = tmp_path / "layout.toml"
    layout.write_text(
        f"media_from = {names}\n[media.b]\nafr = 0.02\n" + COPY.format(name="x", media="b")
    )
    with pytest.raises(rm.LayoutError) as error:
        rm.load_layout(layout)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
