"""Run every benchmark and print one table."""

from benchmarks import (
    adaptive,
    agreement,
    ames,
    coverage,
    exactness,
    first_day,
    gallery,
    growth,
    html_page,
    images,
    imports,
    jobs,
    kernel_machines,
    latency,
    memory,
    narrow,
    overlap,
    picking,
    rankings,
    rare_values,
    texts,
    throughput,
    variance,
    wide,
)
from benchmarks.report import machine, table

MODULES = (
    throughput,
    exactness,
    kernel_machines,
    agreement,
    variance,
    overlap,
    coverage,
    adaptive,
    narrow,
    rare_values,
    growth,
    wide,
    jobs,
    ames,
    rankings,
    first_day,
    texts,
    images,
    gallery,
    picking,
    html_page,
    latency,
    memory,
    imports,
)

lines = [line for module in MODULES for line in module.measure()]
print(f"{machine()}\n\n{table(lines)}")
