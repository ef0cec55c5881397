"""Measures what sklime promises; ``python -m benchmarks`` runs all and prints one table."""

import os

# Read once, when numpy loads its BLAS: one thread, so that the figures mean the same on
# any number of cores.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
