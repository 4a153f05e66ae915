"""Runs of a larger size in place of smaller ones, dataset by dataset, where they are complete."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

_PLACE = ["target", "noise", "level", "dataset"]
_PIECE = ["protocol", "denoiser", "regressor"]


def with_stand_ins(long: pd.DataFrame, larger: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """A long table in which runs of other experiments stand in for those of the same data.

    A dataset with its noise is taken from the last of `larger` that has a score wherever a method
    has one in `long`; controls need none. Of what stands in, only that is shown which `long` has,
    too. All rows are then of one profile, which names both: ``paper or cpu``; the column
    ``own_profile`` holds the one that each was computed with.
    """
    own = long
    for other in larger:
        if long.empty or other.empty:
            continue
        both = [*_PLACE, *_PIECE]
        wanted = long.loc[(long["status"] == "ok") & (long["kind"] != "control"), both]
        scored = other.loc[other["status"] == "ok", both].drop_duplicates()
        there = wanted.drop_duplicates().merge(scored, how="left", indicator=True)
        complete = there["_merge"].eq("both").groupby([there[name] for name in _PLACE]).all()
        places = complete[complete].index
        if places.empty:
            continue
        stays = long[~pd.MultiIndex.from_frame(long[_PLACE]).isin(places)]
        pieces = pd.MultiIndex.from_frame(long[both])
        comes = other[
            pd.MultiIndex.from_frame(other[_PLACE]).isin(places)
            & pd.MultiIndex.from_frame(other[both]).isin(pieces)
        ]
        # A copy: joined, its columns lie in pieces.
        long = pd.concat([comes, stays], ignore_index=True).copy()
    if long is own:
        return own
    profiles = long["profile"]
    return long.assign(own_profile=profiles, profile=" or ".join(dict.fromkeys(profiles)))
