"""The source hash follows imports inside the project."""

from experiments.store.sources import _files, _imports, source_hash


def test_imports_are_followed_inside_the_project_only():
    reached = _imports("experiments.run")

    assert "experiments.protocols" in reached
    assert not any(name.startswith(("numpy", "logging")) for name in reached)


def test_what_a_backbone_is_made_of_counts_for_denograd_but_not_for_pca(monkeypatch, tmp_path):
    import experiments.sources as sources

    before = {m: source_hash([m]) for m in ("denograd.estimator", "baselines.pca")}
    changed = tmp_path / "lstm.py"
    changed.write_text("# other source\n")

    def files(module):
        found = _files(module)
        return tuple(changed if f.name == "lstm.py" else f for f in found)

    monkeypatch.setattr(sources, "_files", files)
    assert source_hash(["denograd.estimator"]) != before["denograd.estimator"]
    assert source_hash(["baselines.pca"]) == before["baselines.pca"]


def test_modules_of_others_count_by_name():
    assert source_hash(["json"]) == source_hash(["json"])
    assert source_hash(["json"]) != source_hash(["math"])
