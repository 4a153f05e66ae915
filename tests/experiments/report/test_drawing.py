"""The files that a figure becomes."""

import numpy as np
from PIL import Image

from experiments.report.figures._drawing import COLOURS, new_figure, save


def test_a_figure_becomes_a_picture_of_few_colours_and_a_pdf_the_same_every_time(tmp_path):
    contents = []
    for name in ("one", "other"):
        figure = new_figure(2, 1)
        figure.subplots().plot([1, 2], color=COLOURS[1], linewidth=9)
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
