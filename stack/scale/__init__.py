"""The distributed overlay: the same stack on Kafka, Cassandra, Thanos and PostgreSQL (docs/scale.md)."""
