"""Run the experiments and print a table of each: ``python -m benchmarks.trust``."""

from benchmarks.report import table
from benchmarks.trust import comparison, predictions, recall

for experiment in (recall, predictions, comparison):
    print(table(experiment.measure()), flush=True)
