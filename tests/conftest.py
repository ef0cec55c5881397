"""Settings of the whole run, made before anything that reads them is imported."""

import os
import sys

# Tests run in a process for each core; more threads than that would wait for each other.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
# Read by scipy when it is imported; without it scikit-learn skips one of its checks.
os.environ["SCIPY_ARRAY_API"] = "1"

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# Hypothesis' own profile for continuous integration: the same examples in every run and no
# deadlines, so that a busy machine fails no test.
settings.load_profile("ci")
# Other examples in every run: --hypothesis-profile=random. What fails is printed with the
# line that repeats it.
settings.register_profile("random", settings(derandomize=False))


@pytest.fixture(autouse=True)
def same_seed_in_every_run():
    """Seed what `random_state=None` takes its seed from, so that no run is lucky."""
    np.random.seed(0)  # noqa: NPY002 - this is the state that scikit-learn reads


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open for the next test, which may be of another module."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
