"""Explanations made by hand, so that pictures depend on nothing but what they show."""

import numpy as np
import pandas as pd

from sklime import Explanation


def explained(values, *, data, conditions, feature_names, target_names=None, **fields):
    """An explanation whose remaining fields are plain but consistent."""
    values = np.asarray(values, dtype=float)
    outputs = values.shape[:-1]
    level = np.linspace(0.2, 0.9, len(values)).reshape(-1, *[1] * (values.ndim - 2))
    ones = np.ones(outputs)
    fields = {
        "intercepts": 0.5 * ones,
        "predictions": level * ones,
        "local_predictions": level * ones + 0.01,
        "scores": 0.8 * ones,
        "effective_sample_sizes": 512 * ones,
        "support": np.where(np.isnan(values), np.nan, 256.0),
        "meta": {"method": "sampling"},
    } | fields
    if target_names is None:
        target_names = ["yes"] * len(values)
    return Explanation(
        values,
        data=data,
        conditions=conditions,
        feature_names=feature_names,
        target_names=target_names,
        **fields,
    )


def table(values, names=None, **fields):
    """Rows of a table of numbers."""
    values = np.asarray(values, dtype=float)
    n, d = len(values), values.shape[-1]
    names = [f"feature {j}" for j in range(d)] if names is None else names
    data = np.random.default_rng(1).normal(size=(n, d))
    fields = {
        "data": pd.DataFrame(data, columns=list(names)),
        "conditions": [[f"{name} > 0.5" for name in names]] * n,
    } | fields
    return explained(values, feature_names=names, **fields)


def draws(*shape):
    """Attributions of features of falling importance."""
    scale = 0.8 ** np.arange(shape[-1])
    return np.random.default_rng(0).normal(size=shape) * scale


def text(string, attributions, spans=None, **fields):
    """One text whose tokens are its words, unless spans are given."""
    if spans is None:
        starts = np.char.str_len(np.array(string.split(" "))).cumsum()
        stops = starts + np.arange(len(starts))
        spans = np.column_stack([np.r_[0, stops[:-1] + 1], stops])
    tokens = [string[np.ravel(own)[0] : np.ravel(own)[1]] for own in spans]
    return explained(
        [attributions],
        data=[string],
        conditions=[tokens],
        feature_names=sorted(set(tokens)),
        unit_names=[tokens],
        unit_spans=[spans],
        meta={"kind": "text", "method": "sampling"},
        **fields,
    )


def picture(image, labels, attributions, **fields):
    """One image and its superpixels."""
    names = [f"superpixel {j}" for j in range(len(attributions))]
    return explained(
        [attributions],
        data=[image],
        conditions=[names],
        feature_names=names,
        unit_names=[names],
        unit_spans=[labels],
        meta={"kind": "image", "method": "sampling"},
        **fields,
    )


def sequence(series, labels, attributions, **fields):
    """One sequence and its units."""
    names = [f"unit {j}" for j in range(len(attributions))]
    return explained(
        [attributions],
        data=np.asarray(series)[None],
        conditions=[names],
        feature_names=names,
        unit_names=[names],
        unit_spans=[labels],
        meta={"kind": "sequence", "method": "sampling"},
        **fields,
    )
