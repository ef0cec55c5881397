"""Putting the blocks of rows together: the matrix of attributions and the Explanation."""

import numpy as np
from scipy import sparse

from sklime.conditions import TableConditions
from sklime.explanation import Explanation
from sklime.surrogate import Surrogates


def assemble_matrix(coefs, units, n_features):
    """Join attributions into one matrix, output by output.

    Parameters
    ----------
    coefs : sequence of ndarrays of shape (n_rows, n_outputs, n_units)
        Of consecutive blocks of rows; of one row each where rows have columns of their own.
    units : list of ndarrays of int, or None
        The columns of each row; None: all.
    n_features : int
        Number of columns.

    Returns
    -------
    ndarray or CSR matrix of shape (n_rows, n_outputs * n_features)
    """
    if units is None:
        coef = np.concatenate(coefs)
        return coef.reshape(len(coef), -1)
    k = coefs[0].shape[1]
    columns = [(np.arange(k)[:, np.newaxis] * n_features + own).ravel() for own in units]
    starts = np.concatenate([[0], np.cumsum([len(own) for own in columns])])
    values = np.concatenate([coef.ravel() for coef in coefs])
    shape = len(units), k * n_features
    return sparse.csr_matrix((values, np.concatenate(columns), starts), shape=shape)


def assemble_explanation(
    blocks, X, target, names, answers, outputs, sampler, features, meta
):
    """Join surrogates into one Explanation.

    Parameters
    ----------
    blocks : sequence of Surrogates
        Of consecutive blocks of rows.
    X : table of shape (n_rows, n_features)
        The explained rows.
    target : Target
        What is explained.
    names : ndarray of shape (n_outputs,)
        All outputs of the model.
    answers : ndarray of shape (n_rows, n_outputs)
        The model's answers about the rows.
    outputs : ndarray of shape (n_rows, n_explained) of int
        The outputs explained for each row.
    sampler : Sampler
        Says what describes each row.
    features : ndarray of shape (n_features,) of str
        Names of the columns.
    meta : dict
        How the explanation was made.

    Returns
    -------
    Explanation
    """
    units, conditions = sampler.units(X), sampler.conditions(X)
    ragged = {}
    if units is None:
        conditions = TableConditions(*conditions)
    else:
        ragged["unit_names"] = [features[own] for own in units]
    fitted = Surrogates.padded(blocks)
    n, k, d = fitted.coef.shape
    per_unit = (n, k, d) if target.multiple else (n, d)
    per_output = per_unit[:-1]

    def every_output(array):
        return np.repeat(array[:, np.newaxis], k, axis=1)

    sizes, errors = every_output(fitted.effective_sample_sizes), fitted.standard_errors
    return Explanation(
        fitted.coef.reshape(per_unit),
        intercepts=fitted.intercepts.reshape(per_output),
        predictions=np.take_along_axis(answers, outputs, axis=1).reshape(per_output),
        local_predictions=fitted.local_predictions.reshape(per_output),
        scores=fitted.scores.reshape(per_output),
        effective_sample_sizes=sizes.reshape(per_output),
        support=every_output(fitted.support).reshape(per_unit),
        data=X,
        feature_names=features,
        target_names=target.names if target.multiple else names[outputs[:, 0]],
        conditions=conditions,
        meta=meta,
        standard_errors=None if errors is None else errors.reshape(per_unit),
        **ragged,
    )
