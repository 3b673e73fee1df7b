// For its CustomResourceDefinition, by which tests/kubernetes checks a resource of the chart; nothing of it is built.
module whence/components/external-secrets

go 1.26.0

require github.com/external-secrets/external-secrets v1.3.2
