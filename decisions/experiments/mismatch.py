"""Whether each variant got its share of the users: if not, something else than chance sorts them.

Fabijan et al., "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019, say why no
result counts then. The test may be looked at after each user: Lindon and Malek, "Anytime-valid inference
for multinomial count data", NeurIPS 2022.
"""

from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

CONCENTRATION = 100.0
"""Users that the expected shares weigh as much as: small mismatches of many users are what is looked for."""

ALPHA = 0.01
"""Share of the experiments in which chance alone is taken for a mismatch, at most."""


def log_e_value(users: ArrayLike, shares: ArrayLike) -> float:
    """Logarithm of the evidence against users coming by these shares (they sum to 1).

    The probability of the counts when shares are drawn around the expected ones (Dirichlet), by that with the
    expected ones.
    """
    counts, expected = np.asarray(users, float), np.asarray(shares, float)
    prior = CONCENTRATION * expected
    drawn = _log_beta(prior + counts) - _log_beta(prior)
    return float(drawn - (counts * np.log(expected)).sum())


def is_mismatch(users: ArrayLike, shares: ArrayLike) -> bool:
    """Whether the evidence is enough at `ALPHA`, at any look."""
    return log_e_value(users, shares) >= -log(ALPHA)


def _log_beta(of: NDArray[np.float64]) -> float:
    return float(gammaln(of).sum() - gammaln(of.sum()))
