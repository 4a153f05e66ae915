"""Neutronics of fuel assemblies in a pressurised-water reactor."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from experiments.datasets.base import DataTable, Domain, FileDataset, read_csv
from experiments.datasets.files import RawFile

_PEAKING = "PPPF"
_ENRICHMENTS = [f"C{i}" for i in range(2, 41)]


class LatticePhysics(FileDataset):
    """24,000 assemblies of 39 rods; the target is the infinite multiplication factor."""

    name: ClassVar[str] = "lattice_physics"
    title: ClassVar[str] = "Lattice physics (PWR fuel assembly)"
    domain: ClassVar[Domain] = "tabular"
    target = "k-inf"
    source: ClassVar[str] = "UCI Machine Learning Repository 1091, doi:10.24432/C5BK64"
    licence: ClassVar[str] = "CC BY 4.0"
    published_shape: ClassVar[tuple[int, int]] = (24_000, 40)
    files: ClassVar[tuple[RawFile, ...]] = (
        RawFile(
            name="raw.csv",
            sha256=None,
            how_to_get="raw.csv from https://archive.ics.uci.edu/dataset/1091",
        ),
    )

    def parse(self, *contents: BinaryIO) -> DataTable:
        """Name the columns, of which the file has no header, and drop the peaking factor.

        Raises
        ------
        ValueError
            If the file does not have 41 columns separated by blanks.
        """
        names = [self.target, _PEAKING, *_ENRICHMENTS]
        frame = read_csv(contents[0], sep=r"\s+", header=None)
        if frame.shape[1] != len(names):
            raise ValueError(
                f"{self.name}: expected {len(names)} columns separated by blanks and no header, "
                f"found {frame.shape[1]}"
            )
        frame.columns = names
        return DataTable.tabular(frame.drop(columns=_PEAKING), self.target)
