"""What the functions accept and refuse, and what their examples print."""

from __future__ import annotations

import doctest
import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

import riskmodel as rm
from riskmodel import literature

MODULES = [
    import_module(f"riskmodel.literature.{module.name}")
    for module in pkgutil.iter_modules(literature.__path__)
]
FUNCTIONS = {name: getattr(literature, name) for name in literature.__all__}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples(module) -> None:
    assert doctest.testmod(module).failed == 0


def test_every_function_is_reachable_and_documented() -> None:
    assert rm.literature is literature
    assert "literature" in dir(rm)
    assert len(FUNCTIONS) > 40
    for name, function in FUNCTIONS.items():
        text = inspect.getdoc(function) or ""
        for section in ("Parameters", "Returns", "Examples"):
            assert f"\n{section}\n---" in text, f"{name} lacks {section}"
        for argument in inspect.signature(function).parameters:
            assert argument in text, f"{name} does not say what {argument} is"
        assert f"`{name}`" in (literature.__doc__ or "")


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    code = "import riskmodel, sys; print('riskmodel.literature' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: literature.mttdl_raid5(1, 1e6, 12), "n_drives must be at least 2, not 1"),
        (lambda: literature.mttdl_raid5(8.0, 1e6, 12), "n_drives must be a whole number, not 8.0"),
        (lambda: literature.mttdl_raid5(True, 1e6, 12), "n_drives must be a whole number"),
        (lambda: literature.mttdl_raid5(8, -1e6, 12), "mttf_hours must be a number above 0, not"),
        (lambda: literature.mttdl_raid5(8, "1 y", 12), "mttf_hours must be a number above 0"),
        (lambda: literature.mttdl_raid5(8, np.nan, 12), "mttf_hours must be a number above 0"),
        (lambda: literature.mttdl_raid5(8, np.inf, 12), "mttf_hours must be a number above 0"),
        (lambda: literature.mttdl_raid5(8, [1e6, 0.0], 12), "mttf_hours .* not np.float64"),
        (lambda: literature.mttdl_raid5(8, 1e6, 0), "mttr_hours must be a number above 0, not 0"),
        (lambda: literature.mttdl_k_of_n(3, 3, 1e6, 12), "tolerates must be at most 2, not 3"),
        (lambda: literature.mttdl_raid6(8, 1e6, 9, repairs="serail"), "did you mean 'serial'"),
        (lambda: literature.mttdl_birth_death([1.0], [1.0]), "one more than .* not 1 and 1"),
        (lambda: literature.birth_death_loss([1.0], [1.0], 9), "one more than .* not 1 and 1"),
        (lambda: literature.mean_time_to_absorption([[0.0]], [0.0, 1.0]), "shape"),
        (lambda: literature.mean_time_to_absorption([[0, 1], [0, 0]], [0, 0]), "state 1 can never"),
        (lambda: literature.combine_mttdl(), "at least one time"),
        (
            lambda: literature.probability_from_mttdl(horizon_hours=-1, mttdl_hours=9),
            "horizon_hours .* 0 or more, not -1",
        ),
        (lambda: literature.chen_double_disk(16, 1, 1e6, 12), "group_size must be at least 2"),
        (lambda: literature.chen_triple_disk(16, 2, 1e6, 12), "group_size must be at least 3"),
        (lambda: literature.chen_disk_and_bit_error(16, 16, 1e6, 1.2), "p_disk_read .* 0 to 1"),
        (lambda: literature.hughes_murray_stripe_failure(4, 4, 0.1), "tolerates must be at most 3"),
        (lambda: literature.iliadis_unrecoverable(0.1, 9, 0.5), "mean_burst must be at least 1"),
        (lambda: literature.iliadis_scrubbed_error(0.1, 1, 1, scrubbing="daily"), "known: fixed"),
        (lambda: literature.baker_mirror_mttdl(1e5, 1.0, alpha=2.0), "alpha .* from 0 to 1"),
        (lambda: literature.altman_landau_collection_loss(3, 1e4, 1e4, 15e3), "whole number of"),
        (lambda: literature.venkatesan_iliadis_clustered(7, 2, 1e4, 1), "multiple of 2 replicas"),
        (lambda: literature.copysets_loss(9, 3, 3, 85), "copysets must be at most 84"),
        (lambda: literature.paris_economic_lifespan(2, 1, 1, 1, 0), "loss_probability must be one"),
        (lambda: literature.paris_economic_lifespan(2, 1, [1, 2], 1, 0.1), "one number"),
        (lambda: literature.greenan_nomdl([], 1.0), "at least one mission"),
    ],
)
def test_refusals_say_what_was_wrong(call, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert isinstance(caught.value, rm.InputError)


def test_wildani_refuses_disklets_that_fill_no_group() -> None:
    with pytest.raises(ValueError, match="disklets_per_disk: 1000 disklets do not fill"):
        literature.wildani_snapshot_loss(
            1000, 2, group_size=16, tolerates=1, groups_per_uber_group=16, uber_tolerates=1,
            disklets_per_disk=1,
        )  # fmt: skip


MANY = np.array([[1e4, 3e5], [1e6, 2e7]])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: literature.mttdl_raid0(4, x),
        lambda x: literature.mttdl_raid1(3, x, 12),
        lambda x: literature.mttdl_raid5(4, x, x / 1e5),
        lambda x: literature.mttdl_raid6(8, x, 12, repairs="serial"),
        lambda x: literature.mttdl_k_of_n_approximation(14, 4, x, 10),
        lambda x: literature.angus_mtbf(8, 2, x, 10),
        lambda x: literature.ford_stripe_mttf(9, 6, x, 10),
        lambda x: literature.combine_mttdl(x, 1e5),
        lambda x: literature.probability_from_mttdl(horizon_hours=87_600, mttdl_hours=x),
        lambda x: literature.patterson_raid_mttf(100, 10, 1, x, 1),
        lambda x: literature.chen_double_disk(107, 16, x, 1),
        lambda x: literature.chen_triple_disk(107, 16, x, 1),
        lambda x: literature.chen_double_disk_and_bit_error(107, 16, x, 1, 0.999),
        lambda x: literature.hughes_murray_stripe_failure(14, 2, 1e3 / x),
        lambda x: literature.elerath_pecht_double_failures(8, x, 12, 87_600),
        lambda x: literature.elerath_schindler_raid6(14, 0.9, 1e6, 12, 160, 9259, x),
        lambda x: literature.iliadis_unrecoverable(1 / x, 1e5),
        lambda x: literature.iliadis_scrubbed_error(1e-9, 1 / x, 3e4),
        lambda x: literature.iliadis_raid5_mttdl(8, x, 12, 0.01),
        lambda x: literature.paris_raid5_loss(8, 1e6, 12, x),
        lambda x: literature.baker_mirror_mttdl(x, 1.4, mean_time_to_latent_hours=1e5),
        lambda x: literature.baker_replicas_mttdl(3, x, 1.4),
        lambda x: literature.altman_landau_document_loss(3, 50, x, 1e5, 10),
        lambda x: literature.venkatesan_iliadis_declustered(60, 3, x, 10),
        lambda x: literature.iliadis_venkatesan_eafdl(9, 6, x, 10),
        lambda x: literature.marshall_olkin_pair(1 / x, 1e-6, 1e-7, 87_600),
        lambda x: literature.marshall_olkin_triple(1 / x, 1e-6, 1e-7, 87_600),
        lambda x: literature.two_site_earthquake_loss(
            0.3, 0.2, 0.9, 0.3, 0.5, 8.5, x / 1e5, 0.01, 50
        ),
    ],
)
def test_arrays_are_taken_element_by_element(function) -> None:
    result = function(MANY)
    assert isinstance(result, np.ndarray)
    assert result.shape == MANY.shape
    each = [[function(float(x)) for x in row] for row in MANY]
    assert all(isinstance(value, float) for row in each for value in row)
    np.testing.assert_allclose(result, each, rtol=1e-14)
