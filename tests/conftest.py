import os

# Read by scipy when it is imported; without it scikit-learn skips one of its checks.
os.environ["SCIPY_ARRAY_API"] = "1"

from hypothesis import settings

# Hypothesis' own profile for continuous integration: the same examples in every run and no
# deadlines, so that a busy machine fails no test.
settings.load_profile("ci")
