// For its CustomResourceDefinitions, by which tests/kubernetes checks resources; nothing of it is built.
module whence/components/prometheus-operator

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
