"""Checks that scikit-learn runs on its own estimators only."""

from unittest import SkipTest

import pytest
from sklearn.utils import estimator_checks

OF_OWN_ESTIMATORS = [
    estimator_checks.check_dataframe_column_names_consistency,
    estimator_checks.check_transformer_get_feature_names_out,
    estimator_checks.check_transformer_get_feature_names_out_pandas,
    estimator_checks.check_get_feature_names_out_error,
    estimator_checks.check_set_output_transform,
    estimator_checks.check_inplace_ensure_writeable,
]

# They also fit on a frame and transform an array, and the other way round.
OF_OUTPUT_CONTAINERS = [
    estimator_checks.check_set_output_transform_pandas,
    estimator_checks.check_set_output_transform_polars,
    estimator_checks.check_global_output_transform_pandas,
    estimator_checks.check_global_set_output_transform_polars,
]


def run(check, *args):
    """Run a check, which may not be skipped."""
    try:
        check(*args)
    except SkipTest as reason:
        pytest.fail(f"skipped: {reason}")
