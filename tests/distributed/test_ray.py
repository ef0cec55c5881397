"""Ray datasets, on a local cluster, and jobs of joblib on it."""

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest

from sklime import distributed
from tests.distributed.conftest import FEATURES, KEYS, check_result, in_parts

pytestmark = [
    pytest.mark.engines,
    # Ray and its libraries warn of themselves.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("RAY_AUTH_MODE", "disabled")
        own = {"include_dashboard": False, "log_to_driver": False}
        ray.init(num_cpus=2, **own)
        import ray.data

        ray.data.DataContext.get_current().execution_options.preserve_order = True
        yield ray
        ray.shutdown()


@pytest.mark.parametrize("quality", [False, True])
@pytest.mark.parametrize("blocks", ["pandas", "arrow"])
def test_datasets(ray, table, explainer, blocks, quality):
    import pyarrow as pa

    own = {"keep": KEYS, "quality": quality}
    parts = in_parts(table)
    if blocks == "pandas":
        given = ray.data.from_pandas(parts)
    else:
        given = ray.data.from_arrow([pa.Table.from_pandas(part) for part in parts])
    explained = distributed.transform(explainer, given, **own)
    assert isinstance(explained, ray.data.Dataset)
    check_result(explained.to_pandas(), explainer, table, **own)
    some = distributed.transform(explainer, given.filter(expr="count < 3"), **own)
    expected = table[table["count"] < 3]
    check_result(some.to_pandas(), explainer, expected, **own)


def test_other_columns(ray, table, explainer):
    given = ray.data.from_pandas(table.drop(columns="size"))
    with pytest.raises(ValueError, match=r"columns|feature names|features"):
        distributed.transform(explainer, given, keep=KEYS)
    for call in (explainer.transform, explainer.explain):
        with pytest.raises(TypeError, match=r"Ray Dataset.*sklime\.distributed\.transform"):
            call(given)


def test_jobs_of_joblib(ray, table, explainer):
    from ray.util.joblib import register_ray

    register_ray()
    some = table[FEATURES][:20]
    whole = explainer.transform(some)
    with joblib.parallel_config(backend="ray"):
        explainer.set_params(n_jobs=2)
        try:
            assert np.array_equal(explainer.transform(some), whole)
            found = list(explainer.transform_blocks([some[:7], some[:0], some[7:]]))
        finally:
            explainer.set_params(n_jobs=None)
    assert np.array_equal(pd.concat(found).to_numpy(), whole)
