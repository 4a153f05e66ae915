"""The files that a figure becomes."""

import re
from xml.etree import ElementTree

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

from experiments.report.figures._drawing import new_figure, save, style, svg


def test_a_figure_becomes_a_picture_of_few_colours_and_a_pdf_the_same_every_time(tmp_path):
    contents = []
    for name in ("one", "other"):
        figure = new_figure(2, 1)
        figure.subplots().plot([1, 2], color="#D55E00", linewidth=9)
        (tmp_path / name).mkdir()
        png, pdf = save(figure, tmp_path / name / "figure_0.1")
        assert (png.name, pdf.name) == ("figure_0.1.png", "figure_0.1.pdf")
        contents.append((png.read_bytes(), pdf.read_bytes()))
    assert contents[0] == contents[1]
    assert pdf.read_bytes().startswith(b"%PDF")
    with Image.open(png) as picture:
        assert picture.mode == "P"
        assert picture.size == (400, 200)
        seen = np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0).tolist()
    assert [255, 255, 255] in seen
    assert [0xD5, 0x5E, 0x00] in seen


def test_a_figure_is_drawn_once_for_each_of_its_files(tmp_path, monkeypatch):
    drawn, draw = [], Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda *args: drawn.append(1) or draw(*args))
    figure = new_figure(2, 1)
    figure.subplots().plot([1, 2])
    save(figure, tmp_path / "figure")
    svg(figure)
    assert len(drawn) == 3


def test_an_svg_for_a_page_turns_with_the_colours_of_its_reader_and_is_small():
    with style():
        figure = new_figure(3, 2)
        ax = figure.subplots()
        ax.plot([1, 2], color="#D55E00")
        ax.annotate("a (7.00)", (1, 1), path_effects=[withStroke(foreground="white")])
    drawn = svg(figure)
    assert drawn == svg(figure)
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert ">a (7.00)</text>" in drawn
    assert "@media(prefers-color-scheme:dark)" in drawn
    assert "#D55E00" in drawn or "#d55e00" in drawn
    assert not re.search("#000000|: #ffffff|<metadata|<!--|[0-9][.][0-9]{3}", drawn)
    assert len(drawn) < 12_000
