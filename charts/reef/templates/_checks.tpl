{{- /* What a schema would refuse with a regular expression, refused with a sentence. */ -}}
{{- define "reef.checks" -}}
{{- if not (regexMatch "^(sha256:[0-9a-f]{64})?$" .Values.image.digest) -}}
{{- fail (printf "image.digest is %q: it must be sha256: and 64 hexadecimal digits, or empty" .Values.image.digest) -}}
{{- end -}}
{{- range .Values.rollout.waves -}}
{{- if not (regexMatch "^[0-9]+%?$" .) -}}
{{- fail (printf "rollout.waves has %q: a wave ends at a share of the locations such as 10%%, or at a number of them such as 4" .) -}}
{{- end -}}
{{- end -}}
{{- if not (regexMatch "^(0|([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+)$" .Values.rollout.soak) -}}
{{- fail (printf "rollout.soak is %q: it must be a span of time such as 30s, 2m or 1h30m" .Values.rollout.soak) -}}
{{- end -}}
{{- if not (regexMatch "^([0-9]+(ms|s|m|h))+$" .Values.metrics.podMonitors.interval) -}}
{{- fail (printf "metrics.podMonitors.interval is %q: it must be a span of time such as 30s or 1m" .Values.metrics.podMonitors.interval) -}}
{{- end -}}
{{- if not (regexMatch "^(https?://[^/]+.*)?$" .Values.webserver.url) -}}
{{- fail (printf "webserver.url is %q: it must begin with http:// or https://, or be empty where nobody is to be told" .Values.webserver.url) -}}
{{- end -}}
{{- if and .Values.page.actions.enabled (not .Values.page.actions.tokenSecret.name) -}}
{{- fail "page.actions.tokenSecret.name is empty: buttons need the Secret with the token, `kubectl create secret generic reef-page-token --from-literal=token=$(openssl rand -hex 24)`" -}}
{{- end -}}
{{- if not (regexMatch "^(https?://[^/]+.*)?$" .Values.page.dagsterUrl) -}}
{{- fail (printf "page.dagsterUrl is %q: it must begin with http:// or https://, or be empty where there are to be no links" .Values.page.dagsterUrl) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$" .Values.workspace.configMap) -}}
{{- fail (printf "workspace.configMap is %q: a ConfigMap's name has small letters, digits, - and . only" .Values.workspace.configMap) -}}
{{- end -}}
{{- if not (or .Values.database.urlSecret.name .Values.database.passwordSecret.name) -}}
{{- fail "database.urlSecret.name and database.passwordSecret.name are both empty: one of them must name the Secret that says how PostgreSQL is reached" -}}
{{- end -}}
{{- end -}}
