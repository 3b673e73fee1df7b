"""whence.yaml → resources for a cluster that has Prometheus Operator and the sidecar of Grafana."""
