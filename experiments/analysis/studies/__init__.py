"""Ablation studies: what one parameter does, as a figure, tables and a sentence.

Everything is a function of the long table: which parameters vary is read from its labels, so that a
new study is a file in ``conf/experiment`` and, for a parameter that no study had before, a line in
`experiments.analysis.studies.knobs`.
"""
