"""Results that appear whole or not at all."""

import stat
from pathlib import Path

import pytest

from denograd.cleaning import files
from denograd.cleaning.engine import Engine
from tests.denograd.cleaning.toys import SHORT, clean


class TestFilesAppearWhole:
    def test_force_replaces_and_permissions_are_those_of_the_input(self, data: Path) -> None:
        data.chmod(0o640)
        Path("data.cleaned.csv").write_text("old")
        assert clean(data, "--target", "price", "--force", *SHORT) == 0
        result = Path("data.cleaned.csv")
        assert result.read_text().startswith("number,a,")
        assert stat.S_IMODE(result.stat().st_mode) == 0o640

    @pytest.mark.parametrize("moment", ["refining", "writing", "drawing"])
    def test_interrupted(
        self,
        data: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        moment: str,
    ) -> None:
        def interrupt(*arguments: object) -> None:
            raise KeyboardInterrupt

        def interrupt_writing(self: object, path: Path) -> None:
            path.write_text("number,a\n1,")
            raise KeyboardInterrupt

        if moment == "refining":
            monkeypatch.setattr(Engine, "learn", interrupt)
        elif moment == "writing":
            monkeypatch.setattr(files.CsvTable, "write", interrupt_writing)
        else:
            monkeypatch.setattr("denograd.cleaning.plots.save", interrupt)
        Path("data.cleaned.csv").write_text("old")
        before = {path: path.read_bytes() for path in Path().iterdir()}
        arguments = ["--report", "r.csv", "--plot", "p.png", "--force"]
        assert clean(data, "--target", "price", *arguments, *SHORT) == 130
        assert capsys.readouterr().err == "denograd: interrupted, nothing was written\n"
        assert {path: path.read_bytes() for path in Path().iterdir()} == before

    def test_a_file_that_came_up_meanwhile_is_not_replaced(
        self, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        learn = Engine.learn

        def slowly(*arguments: object) -> object:
            Path("data.cleaned.csv").write_text("mine")
            return learn(*arguments)

        monkeypatch.setattr(Engine, "learn", slowly)
        assert clean(data, "--target", "price", *SHORT) == 2
        assert "data.cleaned.csv exists" in capsys.readouterr().err
        assert sorted(path.name for path in Path().iterdir()) == ["data.cleaned.csv", "data.csv"]
        assert Path("data.cleaned.csv").read_text() == "mine"
