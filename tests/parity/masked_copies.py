"""What lime and sklime must agree on for texts and images: means over seeds."""

import numpy as np

N_SEEDS = 20


def bias_of_lime(explainer, X, answers, n_samples):
    """Bound, to first order in 1/n, on what two habits of lime change.

    Its first draw is the row itself, at weight 1; its ridge penalty is 1 whatever the
    weights, so ``1 / mean weight`` in our unit. With ``M`` the weighted second moments of
    ``a = [1, z]`` and ``b`` the surrogate, the row adds ``M^-1 a_row (f - b'a_row)``, over
    ``n`` and the mean weight, and the penalty takes away ``M^-1 b (1 / mean weight - 1)``,
    over ``n``. Where we enumerate masks, our penalty is 0.
    """
    [around] = explainer.sampler_.sample(X, n_samples=8192, random_state=0)
    masses = around.masses / around.masses.sum()
    w = masses * explainer.kernel_(around.design, around.position)
    mean_weight = w.sum()
    w /= mean_weight
    A = np.column_stack([np.ones(len(w)), around.design])
    f, own = answers(around.inputs), answers(X)[0]
    M = A.T @ (w[:, np.newaxis] * A)
    b = np.linalg.solve(M, A.T @ (w * f))
    row = np.append(1.0, around.position)
    by_row = np.linalg.solve(M, row) * (own - row @ b) / (n_samples * mean_weight)
    slopes = np.append(0.0, b[1:])
    penalty = 1 / mean_weight - (not around.exhaustive)
    by_penalty = np.linalg.solve(M, slopes) * penalty / n_samples
    return np.abs(by_row) + np.abs(by_penalty)


def assert_means_agree(theirs, ours, bias):
    """Compare intercept and coefficients, of shape (n_seeds, 1 + n_units)."""
    theirs, ours = np.array(theirs), np.array(ours)
    difference = theirs.mean(axis=0) - ours.mean(axis=0)
    error = np.sqrt((theirs.var(axis=0, ddof=1) + ours.var(axis=0, ddof=1)) / len(ours))
    # Four standard errors; 1e-9 where nothing is random.
    size = np.abs(ours[:, 1:].mean(axis=0)).max()
    tolerance = 4 * error + bias + 1e-9 * size
    assert (np.abs(difference) <= tolerance).all(), difference / tolerance
    # The comparison means something: it would see a fifth of the largest attribution.
    assert tolerance[1:].max() < 0.2 * size
