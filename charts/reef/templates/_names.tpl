{{- define "reef.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "reef.labels" -}}
app.kubernetes.io/part-of: reef
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "reef.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "reef.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "reef.place" -}}
- {name: REEF_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
- {name: REEF_POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: REEF_POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
- {name: REEF_POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
- {name: REEF_STATE, value: /reef/state}
- {name: REEF_LOG_FORMAT, value: {{ .Values.logFormat | quote }}}
{{- end -}}

{{- define "reef.probes" -}}
startupProbe: {httpGet: {path: /livez, port: health}, periodSeconds: 1, failureThreshold: 60}
livenessProbe: {httpGet: {path: /livez, port: health}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}
readinessProbe: {httpGet: {path: /readyz, port: health}, periodSeconds: 2, failureThreshold: 1}
{{- end -}}

{{- define "reef.placing" -}}
{{- with .nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "reef.database" -}}
{{- if .Values.database.urlSecret.name }}
- name: REEF_DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ .Values.database.urlSecret.name }}, key: {{ .Values.database.urlSecret.key }}}
{{- else }}
- {name: PGHOST, value: {{ .Values.database.host | quote }}}
- {name: PGPORT, value: {{ .Values.database.port | quote }}}
- {name: PGDATABASE, value: {{ .Values.database.name | quote }}}
- {name: PGUSER, value: {{ .Values.database.user | quote }}}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef: {name: {{ .Values.database.passwordSecret.name }}, key: {{ .Values.database.passwordSecret.key }}}
{{- end }}
{{- end -}}

{{- /* Names under which browsers reach the page's Service, besides addresses and localhost. */ -}}
{{- define "reef.pageNames" -}}
{{- if .Values.page.service.enabled -}}
{{- $own := printf "reef-page.%s" .Release.Namespace -}}
{{- join " " (concat (list "reef-page" $own (printf "%s.svc" $own) (printf "%s.svc.cluster.local" $own)) .Values.page.service.hosts) -}}
{{- end -}}
{{- end -}}
