"""The closed forms of the storage-reliability literature, under their own names.

Each function is one published model, with what it approximates and when it is wrong. They are for
comparing with the literature and for a first guess; `riskmodel.simulate` plays a whole layout.
Times are hours, chances are numbers from 0 to 1.

=====================================  ============================================================
`mttdl_raid0` … `mttdl_k_of_n`         mean time to data loss, exact for exponential laws
`mttdl_k_of_n_approximation`           the textbook formula
`mttdl_birth_death`,                   any chain of failures and repairs, any Markov chain
`mean_time_to_absorption`
`probability_from_mttdl`,              from mean times to a mission, with its warning; several
`combine_mttdl`, `greenan_nomdl`       kinds of loss; bytes lost instead of losses
`angus_mtbf`, `ford_stripe_mttf`       k-out-of-n systems in the long run; stripes of chunks
`patterson_raid_mttf`, `chen_…`,       RAID of the first papers: escalating failures, crashes,
`hughes_murray_stripe_failure`         bit errors; a year without replacement
`elerath_pecht_…`,                     latent defects and scrubbing
`elerath_schindler_raid6`,
`iliadis_…`
`paris_…`, `birth_death_loss`,         chance of loss within a mission; longest mission at a
`raid5_minimal_repair_loss`            reliability; hazards that follow the system's age
`baker_…`, `altman_landau_…`           replicas and archives with audits
`venkatesan_iliadis_…`,                clusters: rebuild laws, placement, annual fraction lost
`iliadis_venkatesan_…`
`copysets_…`, `wildani_snapshot_loss`  many failures at one instant
`marshall_olkin_…`,                    shocks that strike several; one earthquake and two sites
`two_site_earthquake_loss`
=====================================  ============================================================
"""

from __future__ import annotations

from riskmodel.literature.archives import (
    altman_landau_collection_loss,
    altman_landau_document_loss,
    baker_mirror_mttdl,
    baker_replicas_mttdl,
)
from riskmodel.literature.chains import (
    angus_mtbf,
    ford_stripe_mttf,
    mean_time_to_absorption,
    mttdl_birth_death,
)
from riskmodel.literature.clusters import (
    iliadis_venkatesan_eafdl,
    iliadis_venkatesan_mttdl,
    venkatesan_iliadis_clustered,
    venkatesan_iliadis_declustered,
)
from riskmodel.literature.dependence import (
    jayaram_baker_correlation,
    marshall_olkin_pair,
    marshall_olkin_triple,
    two_site_earthquake_loss,
)
from riskmodel.literature.elerath import (
    elerath_pecht_double_failures,
    elerath_pecht_exponential_mttdl,
    elerath_schindler_raid6,
)
from riskmodel.literature.iliadis import (
    iliadis_raid5_mttdl,
    iliadis_raid6_mttdl,
    iliadis_scrubbed_error,
    iliadis_unrecoverable,
)
from riskmodel.literature.measures import (
    combine_mttdl,
    greenan_nomdl,
    probability_from_mttdl,
)
from riskmodel.literature.missions import (
    birth_death_loss,
    paris_economic_lifespan,
    paris_raid5_loss,
    raid5_minimal_repair_loss,
)
from riskmodel.literature.mttdl import (
    mttdl_k_of_n,
    mttdl_k_of_n_approximation,
    mttdl_raid0,
    mttdl_raid1,
    mttdl_raid5,
    mttdl_raid6,
)
from riskmodel.literature.raid import (
    chen_disk_and_bit_error,
    chen_double_disk,
    chen_double_disk_and_bit_error,
    chen_system_crash_and_disk,
    chen_triple_disk,
    patterson_raid_mttf,
)
from riskmodel.literature.snapshots import (
    copysets_count,
    copysets_loss,
    hughes_murray_stripe_failure,
    wildani_snapshot_loss,
)

__all__ = [
    "altman_landau_collection_loss",
    "altman_landau_document_loss",
    "angus_mtbf",
    "baker_mirror_mttdl",
    "baker_replicas_mttdl",
    "birth_death_loss",
    "chen_disk_and_bit_error",
    "chen_double_disk",
    "chen_double_disk_and_bit_error",
    "chen_system_crash_and_disk",
    "chen_triple_disk",
    "combine_mttdl",
    "copysets_count",
    "copysets_loss",
    "elerath_pecht_double_failures",
    "elerath_pecht_exponential_mttdl",
    "elerath_schindler_raid6",
    "ford_stripe_mttf",
    "greenan_nomdl",
    "hughes_murray_stripe_failure",
    "iliadis_raid5_mttdl",
    "iliadis_raid6_mttdl",
    "iliadis_scrubbed_error",
    "iliadis_unrecoverable",
    "iliadis_venkatesan_eafdl",
    "iliadis_venkatesan_mttdl",
    "jayaram_baker_correlation",
    "marshall_olkin_pair",
    "marshall_olkin_triple",
    "mean_time_to_absorption",
    "mttdl_birth_death",
    "mttdl_k_of_n",
    "mttdl_k_of_n_approximation",
    "mttdl_raid0",
    "mttdl_raid1",
    "mttdl_raid5",
    "mttdl_raid6",
    "paris_economic_lifespan",
    "paris_raid5_loss",
    "patterson_raid_mttf",
    "probability_from_mttdl",
    "raid5_minimal_repair_loss",
    "two_site_earthquake_loss",
    "venkatesan_iliadis_clustered",
    "venkatesan_iliadis_declustered",
    "wildani_snapshot_loss",
]
