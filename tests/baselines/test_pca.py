"""Principal components on planes that are known."""

import numpy as np
import pytest

from baselines.pca import PCADenoiser


@pytest.fixture
def line():
    """Points on a line in (x0, x1, y), and the same with a little noise off the line."""
    rng = np.random.default_rng(0)
    clean = rng.normal(size=(500, 1)) * [3.0, -2.0, 1.0] + [1.0, 2.0, 3.0]
    return clean, clean + 0.1 * rng.normal(size=clean.shape)


def test_removes_what_lies_off_the_leading_components(line):
    clean, noisy = line
    denoiser = PCADenoiser()
    refined_X, refined_y = denoiser.fit_resample(noisy[:, :2], noisy[:, 2])
    refined = np.column_stack([refined_X, refined_y])
    assert denoiser.pca_.n_components_ == 1
    assert np.linalg.matrix_rank(refined - refined.mean(axis=0), tol=1e-8) == 1
    assert np.abs(refined - clean).mean() < 0.7 * np.abs(noisy - clean).mean()


def test_explains_the_share_asked_for(line):
    _, noisy = line
    table = np.column_stack([noisy, np.random.default_rng(1).normal(size=(500, 3))])
    X, y = table[:, :-1], table[:, -1]
    for variance in (0.5, 0.9, 0.95, 0.99):
        refined = np.column_stack(PCADenoiser(variance).fit_resample(X, y))
        total = table.var(axis=0).sum()
        assert 1 - ((table - refined) ** 2).mean(axis=0).sum() / total >= variance


def test_keeps_a_table_whose_directions_all_matter():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1000, 3)), rng.normal(size=1000)
    refined_X, refined_y = PCADenoiser().fit_resample(X, y)
    np.testing.assert_allclose(refined_X, X, atol=1e-12)
    np.testing.assert_allclose(refined_y, y, atol=1e-12)


def test_target_of_a_series_is_its_first_channel(line):
    _, noisy = line
    refined_X, refined_y = PCADenoiser(domain="series").fit_resample(noisy, noisy[:, 0])
    np.testing.assert_array_equal(refined_y, refined_X[:, 0])
    whole = PCADenoiser().fit_resample(noisy[:, :2], noisy[:, 2])
    np.testing.assert_allclose(refined_X, np.column_stack(whole), atol=1e-12)


def test_new_rows_are_projected_on_the_components_of_the_fitted_ones(line):
    _, noisy = line
    denoiser = PCADenoiser().fit(noisy[:400, :2], noisy[:400, 2])
    together, _ = denoiser.denoise(noisy[400:, :2], noisy[400:, 2])
    alone, _ = denoiser.denoise(noisy[400:401, :2], noisy[400:401, 2])
    np.testing.assert_allclose(alone, together[:1], atol=1e-12)


@pytest.mark.parametrize("variance", [0.0, 1.0, 95.0])
def test_variance_is_a_share(variance):
    with pytest.raises(ValueError, match="variance must lie between 0 and 1"):
        PCADenoiser(variance).fit(np.eye(3), np.ones(3))
