"""Run the experiments and print one table: ``python -m benchmarks.trust``."""

from benchmarks import trust
from benchmarks.report import table

print(table(trust.measure()))
