"""Run every benchmark and print one table."""

from benchmarks import exactness, imports, latency, memory, throughput
from benchmarks.report import machine, table

lines = [
    line
    for module in (throughput, exactness, latency, memory, imports)
    for line in module.measure()
]
print(f"{machine()}\n\n{table(lines)}")
