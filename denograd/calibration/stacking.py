"""Several predictions made one."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls


def stacking_weights(products: np.ndarray) -> np.ndarray:
    """Weights of least squared error that are at least 0 and sum to 1 (Wolpert 1992; Breiman 1996).

    Parameters
    ----------
    products : ndarray of shape (members, members)
        Mean products of the members' errors.

    Returns
    -------
    ndarray of shape (members,)
    """
    members, scale = len(products), float(np.trace(products))
    if scale <= 0.0:
        return np.full(members, 1.0 / members)
    eigenvalues, vectors = np.linalg.eigh(products / scale)
    root = np.sqrt(np.maximum(eigenvalues, 0.0))[:, None] * vectors.T
    # Along a ray the error of the sum only scales, so the best ray holds the best sum of 1.
    weights, _ = nnls(np.vstack([root, np.ones(members)]), np.append(np.zeros(members), 1.0))
    return weights / weights.sum()
