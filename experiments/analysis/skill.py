"""Which regressors know no more than the mean of a table, or the last value of a series."""

from __future__ import annotations

import pandas as pd

from experiments.analysis.aggregate import CONDITION

#: A regressor whose error is not lower than the naive one by more than this share has no skill.
LEAST = 0.05
NAIVE = "mse_naive"


def without_skill(long: pd.DataFrame) -> pd.Series:
    """Per row, whether its regressor has no skill on the noisy data, over all seeds.

    Its mean error before any refinement is held against that of the mean of a table's target, or
    of the last value of a series. Where the naive error is not known, nothing is said.
    """
    if NAIVE not in long:
        return pd.Series(False, index=long.index)
    known = long[[NAIVE, "mse_before"]].astype(float).dropna()
    place = [long.loc[known.index, c] for c in (*CONDITION, "protocol", "dataset", "regressor")]
    means = known.groupby(place).transform("mean")
    none = means["mse_before"] > (1.0 - LEAST) * means[NAIVE]
    return none.reindex(long.index, fill_value=False)
