// Reads a ServiceMonitor as JSON and fails unless it is what the Prometheus operator's schema describes.
import { readFileSync } from "node:fs";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";

new ServiceMonitor(JSON.parse(readFileSync(0, "utf8"))).validate();
