"""The closed forms of the storage-reliability literature, under their own names.

Each function is one published model and says what it approximates and when it is wrong. They are
for comparing with the literature and for a first guess; `riskmodel.simulate` plays a whole layout.
Times are hours, chances are numbers from 0 to 1.

Mean times, exact for exponential laws
    `mttdl_raid0`, `mttdl_raid1`, `mttdl_raid5`, `mttdl_raid6`, `mttdl_k_of_n`;
    `mttdl_birth_death` and `mean_time_to_absorption` for other chains; `angus_mtbf` in the long
    run; `ford_stripe_mttf`.
The textbook formula, and what to make of a mean time
    `mttdl_k_of_n_approximation`; `probability_from_mttdl`, with its warning; `combine_mttdl`;
    `greenan_nomdl`.
RAID of the first papers
    `patterson_raid_mttf`; `chen_double_disk`, `chen_triple_disk`, `chen_system_crash_and_disk`,
    `chen_disk_and_bit_error`, `chen_double_disk_and_bit_error`; `hughes_murray_stripe_failure`.
Latent errors and scrubbing
    `elerath_pecht_double_failures`, `elerath_pecht_exponential_mttdl`, `elerath_schindler_raid6`;
    `iliadis_scrubbed_error`, `iliadis_unrecoverable`, `iliadis_raid5_mttdl`,
    `iliadis_raid6_mttdl`.
Chances within a mission
    `paris_raid5_loss`, `paris_economic_lifespan`, `birth_death_loss`;
    `raid5_minimal_repair_loss` for hazards that follow the system's age.
Archives with audits
    `baker_mirror_mttdl`, `baker_replicas_mttdl`; `altman_landau_document_loss`,
    `altman_landau_collection_loss`.
Clusters, and many failures at one instant
    `venkatesan_iliadis_clustered`, `venkatesan_iliadis_declustered`, `iliadis_venkatesan_mttdl`,
    `iliadis_venkatesan_eafdl`; `copysets_count`, `copysets_loss`; `wildani_snapshot_loss`.
Shocks that strike several
    `marshall_olkin_pair`, `marshall_olkin_triple`; `jayaram_baker_correlation`,
    `two_site_earthquake_loss`.
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
