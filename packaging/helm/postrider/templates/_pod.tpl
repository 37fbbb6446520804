{{/* The pod, the same for the Deployment and the StatefulSet but for the volume. */}}
{{- define "postrider.pod" -}}
metadata:
  labels:
    {{- include "postrider.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Other settings or authorities start new pods.
    checksum/settings: {{ printf "%s\n%s" (include "postrider.settings" .) .Values.authorities | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ add 10 .Values.shutdownGraceSeconds }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    # `Always` would open master.key and the database to the group at each start, which the server refuses.
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: postrider
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      env:
        # As variables, because a mounted Secret is readable by the group, which the server refuses for the
        # master key.
        - name: POSTRIDER_ADMIN_KEY
          valueFrom:
            secretKeyRef: {name: {{ .Values.secretName }}, key: admin-key}
        - name: POSTRIDER_MASTER_KEY
          valueFrom:
            secretKeyRef: {name: {{ .Values.secretName }}, key: master-key}
        {{- if .Values.database.url }}
        - name: POSTRIDER_DATABASE_PASSWORD
          valueFrom:
            secretKeyRef: {name: {{ .Values.secretName }}, key: database-password, optional: true}
        {{- end }}
      ports:
        - {name: http, containerPort: 8080}
        - {name: metrics, containerPort: 9090}
      # Migrations, and the wait for a database, come before the port is open: up to 10 minutes.
      startupProbe:
        httpGet: {path: /healthz, port: metrics}
        periodSeconds: 2
        failureThreshold: 300
      livenessProbe:
        httpGet: {path: /healthz, port: metrics}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      lifecycle:
        preStop:
          # Until every proxy of the cluster has heard that this pod ends, it still responds.
          sleep: {seconds: 5}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: settings
          mountPath: /etc/postrider
          readOnly: true
        {{- if not .Values.database.url }}
        - name: data
          mountPath: /var/lib/postrider
        {{- end }}
  volumes:
    - name: settings
      configMap:
        name: {{ include "postrider.name" . }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not (kindIs "invalid" .Values.topologySpreadConstraints) }}
  topologySpreadConstraints:
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
  {{- else if .Values.database.url }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "postrider.selector" . | nindent 10 }}
  {{- end }}
{{- end }}
