"""Ray: blocks of a Dataset as Arrow tables."""

from __future__ import annotations

from typing import Any

from sklime.distributed.work import Work


def explain(data: Any, work: Work) -> Any:
    """Explain a Ray Dataset."""
    # Here, so that this module can be read where there is no Ray.
    import ray

    # What is not known is computed by then.
    schema = data.schema(fetch_if_missing=False)
    if schema is not None:
        work.check(schema.names)
    shipped = ray.put(work.to_workers())

    def explained(table: Any) -> Any:
        return ray.get(shipped).one(table)

    # Batches of the size that its blocks have.
    return data.map_batches(
        explained, batch_format="pyarrow", batch_size=None, udf_modifying_row_count=False
    )
