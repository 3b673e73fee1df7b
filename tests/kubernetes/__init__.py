"""The Helm chart, as Helm and the collector see it."""
