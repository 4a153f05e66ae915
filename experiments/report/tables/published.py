"""Claims as tables: the verdicts on one page, and the numbers of one condition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from experiments.analysis.aggregate import CONDITION, Condition
from experiments.analysis.claims import claims_of
from experiments.analysis.claims.base import Claim, Finding
from experiments.analysis.claims.runs import Runs, of_the_paper
from experiments.analysis.studies.study import study_of
from experiments.analysis.studies.verdicts import judged
from experiments.analysis.verdict import Verdict
from experiments.analysis.view import View
from experiments.report.table import Column, Row, Section, Table, TableCell
from experiments.words import ABSENT

TITLE = "Published figures beside ours"
ORDER = 10
STANDARD = False
#: Experiments that judge what was published about the step size, the gate and the iterations.
STUDIES = ("ablation_eta", "ablation_iterations", "ablation_tau")

#: Noise and levels of the overview: the paper's setting.
NOISE, TARGET, LEVELS = "gaussian", "as_is", (0.0, 0.1)
SHOWN = ("published", "held_out")
AXES = ("protocol", "quantity")
GROUPS = ("Tables", "Series")

HELD_OUT_NOTE = (
    "published: the paper's way of scoring, test rows and targets refined too. held_out: the same "
    "quantity and criterion on test rows that nobody touched, which says whether the claim "
    "survives there."
)


def overviews(claims: Sequence[Claim]) -> list[Table]:
    """Verdicts by claim, protocol and noise level; one table per profile."""
    shown = [claim for claim in claims if _in_overview(claim.condition)]
    profiles = sorted({claim.condition.profile for claim in shown})
    return [_overview([c for c in shown if c.condition.profile == name]) for name in profiles]


def table(claims: Sequence[Claim], lacking: str) -> Table:
    """The claims of one condition with their numbers, verdicts, reasons and criteria.

    `lacking` is what of the paper was not measured; empty for nothing.
    """
    condition = claims[0].condition
    notes = [
        HELD_OUT_NOTE,
        "Imp% is that of the mean log ratio of the errors, over seeds, then regressors, then "
        "datasets; a mean that the paper names is arithmetic, as there. Controls: what methods "
        "without skill score by shrinking the target.",
    ]
    if lacking:
        notes.append(f"Without any measurement: {lacking}.")
    if not _is_setting_of_the_paper(condition):
        notes.append("The paper adds Gaussian noise to data as they are, or none: not this.")
    return Table(
        name="claims",
        title=f"Published figures beside ours: {condition}",
        stub="claim",
        axes=AXES,
        columns=(
            Column("", "paper"),
            Column("published", "ours"),
            Column("published", "verdict"),
            Column("held_out", "ours"),
            Column("held_out", "verdict"),
            Column("controls", "published"),
            Column("", "reason", prose=True),
            Column("", "reason, held_out", prose=True),
            Column("", "criterion", prose=True),
        ),
        sections=(Section("", tuple(map(_row, claims))),),
        context=condition.context,
        notes=tuple(notes),
    )


def _row(claim: Claim) -> Row:
    same = claim.held_out.reason == claim.published.reason
    return Row(
        claim.name,
        (
            TableCell(claim.statement.paper),
            *_finding(claim.published),
            *_finding(claim.held_out),
            TableCell(claim.controls) if claim.controls else TableCell(ABSENT, status="absent"),
            TableCell(claim.published.reason),
            TableCell("likewise" if same else claim.held_out.reason),
            TableCell(claim.statement.criterion),
        ),
    )


def _finding(finding: Finding) -> tuple[TableCell, TableCell]:
    if finding.verdict is Verdict.UNTESTABLE:
        return TableCell(ABSENT, status="absent"), _verdict(finding)
    return TableCell(finding.ours, finding.value), _verdict(finding)


def _verdict(finding: Finding) -> TableCell:
    return _word(finding.verdict)


def _word(verdict: Verdict) -> TableCell:
    status = "missing" if verdict is Verdict.UNTESTABLE else "ok"
    return TableCell(str(verdict), status=status)


def _in_overview(condition: Condition) -> bool:
    return _is_setting_of_the_paper(condition) and condition.level in LEVELS


def _is_setting_of_the_paper(condition: Condition) -> bool:
    return condition.noise == NOISE and condition.target == TARGET


def _overview(claims: Sequence[Claim]) -> Table:
    conditions = list(dict.fromkeys(claim.condition for claim in claims))
    by_place = {(claim.name, claim.condition): claim for claim in claims}
    names = dict.fromkeys(claim.name for claim in claims)
    places = [(protocol, condition) for protocol in SHOWN for condition in conditions]

    def finding(name: str, protocol: str, condition: Condition) -> Finding:
        claim = by_place[name, condition]
        return claim.published if protocol == "published" else claim.held_out

    rows = tuple(
        Row(name, tuple(_verdict(finding(name, *place)) for place in places)) for name in names
    )
    counts = tuple(
        f"{protocol}, σ {condition.level:g}: "
        + _counted(finding(name, protocol, condition).verdict for name in names)
        for protocol, condition in places
    )
    profile = conditions[0].profile
    levels = [f"{condition.level:g}" for condition in conditions]
    return Table(
        name="verdicts",
        title=f"What becomes of the published figures, profile {profile}",
        stub="claim",
        axes=AXES,
        columns=tuple(Column(protocol, f"σ {c.level:g}") for protocol, c in places),
        sections=(Section("", rows),),
        context={
            "profile": profile,
            "target": TARGET,
            "noise": NOISE,
            "level": " and ".join(levels),
        },
        notes=(HELD_OUT_NOTE, *(f"{count}." for count in counts)),
    )


def _of_studies(studies: Mapping[str, Sequence[View]]) -> Table:
    """What was published about parameters of DenoGrad, as the study of each judges it."""
    rows = [row for name in STUDIES for row in _of_study(name, studies.get(name, ()))]
    conditions = [view.condition.context for views in studies.values() for view in views]
    return Table(
        name="knobs",
        title="What becomes of what was published about parameters",
        stub="claim",
        axes=AXES,
        columns=(
            *(Column(protocol, group) for protocol in SHOWN for group in GROUPS),
            Column("", "numbers", prose=True),
        ),
        sections=(Section("", tuple(rows)),),
        context=conditions[0] if conditions else dict.fromkeys(CONDITION, ""),
        notes=("The study of a parameter has its settings, datasets and seeds.",),
    )


def _of_study(name: str, views: Sequence[View]) -> Iterator[Row]:
    study = study_of(views)
    found = [(group, j) for group, of in study.groups() for j in judged(study, of)] if study else []
    found_at = {(j.statement, j.protocol, group): j for group, j in found}
    for statement in dict.fromkeys(j.statement for _, j in found):
        places = {(p, g): found_at.get((statement, p, g)) for p in SHOWN for g in GROUPS}
        cells = [_word(j.verdict if j else Verdict.UNTESTABLE) for j in places.values()]
        told = [f"{', '.join(place)}: {j.told}" for place, j in places.items() if j]
        yield Row(statement, (*cells, TableCell("; ".join(told))))
    if not found:
        cells = [_word(Verdict.UNTESTABLE) for _ in SHOWN for _ in GROUPS]
        yield Row(name, (*cells, TableCell(f"run python -m experiments experiment={name} first")))


def _counted(verdicts: Iterable[Verdict]) -> str:
    counts = Counter(verdicts)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])


def tables(views: Sequence[View], studies: Mapping[str, Sequence[View]]) -> list[Table]:
    """The claims as tables: the verdicts on one page, then the numbers of every condition.

    The overviews, one per profile, are of Gaussian noise of level 0 and 0.1; none where neither was
    run. `studies` has the views of those of `STUDIES` that were run.
    """
    found = {view.condition: claims_of(view) for view in views}
    lacking = {
        view.condition: Runs(view, of_the_paper(view), "published").lacking() for view in views
    }
    return [
        *overviews([claim for of_view in found.values() for claim in of_view]),
        _of_studies(studies),
        *(table(of_view, lacking[condition]) for condition, of_view in found.items()),
    ]
