"""Exponential histograms as fine as Prometheus keeps them.

Prometheus makes coarser what is finer, and puts counts after an empty bucket one bucket too low. While the
scale of a young histogram falls, counts then seem to fall too: a counter reset, a rate many times too high.
"""

from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint

FINEST = 8
"""Scale of the finest buckets: https://prometheus.io/docs/specs/native_histograms/#standard-exponential-schemas."""

LARGEST_COUNT = (1 << 64) - 1

Buckets = ExponentialHistogramDataPoint.Buckets


def reduce_resolution(point: ExponentialHistogramDataPoint) -> None:
    """Merges the buckets of a finer scale into those of FINEST; the counts stay exact, up to the largest."""
    by = point.scale - FINEST
    if by > 0:
        _merge(point.positive, by)
        _merge(point.negative, by)
        point.scale = FINEST


def _merge(buckets: Buckets, by: int) -> None:
    """2**`by` buckets become one: index i holds (base**i, base**(i + 1)]."""
    merged: dict[int, int] = {}
    for index, count in enumerate(buckets.bucket_counts, buckets.offset):
        merged[index >> by] = min(merged.get(index >> by, 0) + count, LARGEST_COUNT)
    buckets.offset >>= by
    buckets.bucket_counts[:] = merged.values()
