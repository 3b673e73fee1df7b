{{/* Each takes (dict "root" $ "component" name). */}}

{{- define "whence.selector" -}}
app.kubernetes.io/name: whence
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "whence.metadata" -}}
name: {{ .root.Release.Name }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "whence.selector" . | nindent 2 }}
  app.kubernetes.io/part-of: whence
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* Empty where the component is switched off; values of older versions say nothing of it. */}}
{{- define "whence.enabled" -}}
{{- if ne (toString (get .root.Values .component).enabled) "false" }}true{{ end }}
{{- end }}

{{/* What all pods have in common; "user" is the one of the image. */}}
{{- define "whence.pod" -}}
serviceAccountName: {{ .root.Release.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 15
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "whence.container" -}}
name: {{ .component }}
imagePullPolicy: {{ .root.Values.images.pullPolicy }}
resources: {{- toYaml (get .root.Values .component).resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "whence.services-image" -}}
{{ .Values.images.services.repository }}:{{ .Values.images.services.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Variables of the services, "given" ones among them; those of the values replace ours. */}}
{{- define "whence.environment" -}}
{{- $own := (get .root.Values .component).environment | default dict }}
{{- $telemetry := dict "OTEL_EXPORTER_OTLP_ENDPOINT" (printf "http://%s-collector:4318" .root.Release.Name) }}
{{- if not (or (include "whence.enabled" (dict "root" .root "component" "collector")) $own.OTEL_EXPORTER_OTLP_ENDPOINT) }}
{{- $telemetry = dict "OTEL_SDK_DISABLED" "true" }}
{{- end }}
{{- $given := merge (dict) (.given | default dict) $telemetry (dict
  "BIND_HOST" "0.0.0.0"
  "PROMETHEUS_URL" .root.Values.prometheus.url) }}
{{- range $name, $value := mergeOverwrite $given $own }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{/* "port" is the one of /healthz and /readyz. */}}
{{- define "whence.probes" -}}
startupProbe:
  httpGet: {path: /readyz, port: {{ .port }}}
  periodSeconds: 2
  failureThreshold: 45
readinessProbe:
  httpGet: {path: /readyz, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 3
livenessProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 3
{{- end }}

{{/* Replicas on different nodes and in different zones, where there are any. */}}
{{- define "whence.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "whence.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{- define "whence.claim" -}}
{{- with (get .root.Values .component).persistence -}}
accessModes: [ReadWriteOnce]
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources: {requests: {storage: {{ .size }}}}
{{- end }}
{{- end }}

{{- define "whence.volume" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "whence.metadata" . | nindent 2 }}
  annotations: {helm.sh/resource-policy: keep}
spec: {{- include "whence.claim" . | nindent 2 }}
{{- end }}
