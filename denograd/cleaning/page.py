"""One page that holds all: what moved, why, a picture, and the largest corrections."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from denograd.cleaning import plots, summary

if TYPE_CHECKING:
    from denograd.cleaning.cleaned import Cleaned

_STYLE = """
.denograd { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; color: #1a1a1a;
  background: #fff }
.denograd table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block;
  overflow-x: auto }
.denograd th, .denograd td { padding: .2rem .8rem; text-align: right;
  border-bottom: 1px solid #ddd }
.denograd th:first-child { text-align: left }
.denograd svg { max-width: 100%; height: auto }
.denograd .warning { border-left: 4px solid #b35900; padding-left: .8rem }
"""
_WHY = (
    "Every value moves towards what the rest of the data say of it, by the share of that "
    "prediction's error which is noise: far where much of the error is noise, hardly where little "
    "is, and not at all where no noise was said or found."
)
_WHY_PUBLISHED = (
    "A network was trained to predict the target; rows moved along its gradient, towards what it "
    "predicts, as long as their error was above the threshold."
)


def page(cleaned: Cleaned, title: str) -> str:
    """Return a whole document that needs no other file."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body><main>\n<h1>{escape(title)}</h1>\n"
        f"{fragment(cleaned)}</main></body></html>\n"
    )


def fragment(cleaned: Cleaned) -> str:
    """Return what stands on the page, as notebooks show it too."""
    return "\n".join(
        [f'<style>{_STYLE}</style><div class="denograd">', *_blocks(cleaned), "</div>"]
    )


def _blocks(cleaned: Cleaned) -> Iterable[str]:
    yield f"<p><strong>{escape(summary.moved(cleaned.tally).capitalize())}.</strong></p>"
    yield from (f'<p class="warning">{escape(text)}</p>' for text in cleaned.warnings)
    yield from (f"<p>{escape(text)}</p>" for text in cleaned.notes)
    yield f"<p>{_WHY if cleaned.noise is not None else _WHY_PUBLISHED}</p>"
    yield _picture(cleaned)
    yield "<h2>Columns</h2>"
    yield _table(columns(cleaned))
    yield "<h2>Largest corrections</h2>"
    yield _table(cleaned.tally.top, index=False)
    if cleaned.left:
        yield "<h2>Left as they were</h2><ul>"
        yield from (f"<li>{escape(f'{n}: {why}')}</li>" for n, why in cleaned.left.items())
        yield "</ul>"


def columns(cleaned: Cleaned) -> pd.DataFrame:
    """Return what is known of each refined column, first those that moved most."""
    moved = cleaned.by_column
    names = ["mean change", "largest change", "mean (sd)", "largest (sd)"]
    known = [cleaned.skill.set_axis(["prediction error", "R²"], axis=1)]
    if cleaned.noise is not None:
        known.insert(0, cleaned.noise.set_axis(["noise", "share of sd", "at most"], axis=1))
    together = pd.concat([*known, moved.set_axis(names, axis=1)], axis=1)
    return together.loc[moved["mean_sd"].sort_values(ascending=False, kind="stable").index]


def _picture(cleaned: Cleaned) -> str:
    file = io.BytesIO()
    plots.write(cleaned.plot(), file, "svg")
    svg = re.sub(r"^.*?(?=<svg)", "", file.getvalue().decode(), count=1, flags=re.DOTALL)
    label = "Data before and after, and how far the columns moved"
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _table(frame: pd.DataFrame, index: bool = True) -> str:
    shown = frame.map(
        lambda cell: cell if isinstance(cell, str) else summary.number(cell), "ignore"
    )
    return shown.to_html(border=0, na_rep="–", index=index)
