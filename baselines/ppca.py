"""Clean rows of a table as probabilistic principal components expect them."""

from sklearn.decomposition import PCA

from baselines._gaussian import GaussianDenoiser


class PPCADenoiser(GaussianDenoiser):
    """Posterior mean under probabilistic PCA: few components, and one variance for the rest.

    References
    ----------
    Tipping and Bishop (1999). Probabilistic principal component analysis. Journal of the Royal
    Statistical Society B 61, 611-622.
    """

    method = "ppca"

    def _model(self, n_components: int) -> PCA:
        return PCA(n_components, svd_solver="full")
