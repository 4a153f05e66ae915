"""Clean rows of a table as factor analysis expects them."""

from sklearn.decomposition import FactorAnalysis

from baselines._gaussian import GaussianDenoiser


class FactorAnalysisDenoiser(GaussianDenoiser):
    """Posterior mean under factor analysis: few common factors, and a variance for each column."""

    method = "factor_analysis"

    def _model(self, n_components: int) -> FactorAnalysis:
        return FactorAnalysis(n_components, svd_method="lapack")
