"""The Helm chart and the rendered resources against a Kubernetes API server of the tests' own."""
