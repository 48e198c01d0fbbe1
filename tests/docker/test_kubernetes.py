"""docker/kubernetes: fit for the schemas of Kubernetes, in step with the rest of the project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from composed import DOCKER, dotenv

from flightlib.kafka.topics import SEGMENT_MS, TOPICS
from flightlib.settings import PLACES, Settings, variable

HERE = DOCKER / "kubernetes"
NO_MANIFESTS = {"kustomization.yaml", "trino-values.yaml"}
CUSTOM = {"kafka.strimzi.io/v1", "flink.apache.org/v1beta1"}
KUBERNETES = "1.32"


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every manifest with the name of its file."""
    for file in sorted(HERE.glob("*.yaml")):
        if file.name not in NO_MANIFESTS:
            for one in yaml.safe_load_all(file.read_text(encoding="utf-8")):
                yield file.name, one


def named(kind: str, name: str) -> dict[str, Any]:
    """The manifest of a kind and name."""
    return next(m for _, m in manifests() if (m["kind"], m["metadata"]["name"]) == (kind, name))


def of_kind(kind: str) -> list[dict[str, Any]]:
    """All manifests of a kind."""
    return [m for _, m in manifests() if m["kind"] == kind]


def values() -> dict[str, Any]:
    """The values for Trino's chart."""
    return dict(yaml.safe_load((HERE / "trino-values.yaml").read_text(encoding="utf-8")))


BUILT_IN = [(f, m) for f, m in manifests() if m["apiVersion"] not in CUSTOM]
PORTS = {name: int(value) for name, value in dotenv().items() if name.endswith("_PORT")}


@pytest.mark.parametrize(("file", "manifest"), BUILT_IN, ids=lambda x: str(x)[:12])
def test_built_in_kinds_fit_their_schema(file: str, manifest: dict[str, Any]) -> None:
    """Kubernetes' own schema accepts every manifest, and knows every field in it."""
    import kubernetes_validate

    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_every_file_is_applied() -> None:
    """kustomization.yaml names every manifest, and nothing else."""
    told = yaml.safe_load((HERE / "kustomization.yaml").read_text(encoding="utf-8"))
    assert sorted(told["resources"]) == sorted({file for file, _ in manifests()})
    assert told["namespace"] == named("Namespace", "flightlib")["metadata"]["name"]


def test_versions_are_those_of_the_env_file() -> None:
    """Kafka, Flink and Trino have the versions that local mode runs."""
    env = dotenv()
    flink = env["FLIGHTLIB_FLINK_VERSION"]
    assert named("Kafka", "flights")["spec"]["kafka"]["version"] == env["FLIGHTLIB_KAFKA_VERSION"]
    spec = named("FlinkDeployment", "flink")["spec"]
    assert spec["image"].endswith(f"flightlib-flink:{flink}")
    assert spec["flinkVersion"] == "v" + "_".join(flink.split(".")[:2])
    assert _containers("gateway")[0]["image"] == spec["image"]
    assert values()["image"]["tag"] == env["FLIGHTLIB_TRINO_VERSION"]


def test_ports_are_those_of_the_env_file() -> None:
    """In a cluster every engine answers on the port it has elsewhere."""
    for name in ("registry", "catalog", "gateway", "backend"):
        port = PORTS[f"FLIGHTLIB_{name.upper()}_PORT"]
        (service,) = named("Service", name)["spec"]["ports"]
        (opened,) = _containers(name)[0]["ports"]
        assert (service["port"], opened["containerPort"]) == (port, port)
        assert service["targetPort"] == opened["name"]
    (listener,) = named("Kafka", "flights")["spec"]["kafka"]["listeners"]
    assert listener["port"] == PORTS["FLIGHTLIB_KAFKA_PORT"]
    assert values()["service"]["port"] == PORTS["FLIGHTLIB_TRINO_PORT"]
    words = _containers("gateway")[0]["args"]
    assert f"-Dsql-gateway.endpoint.rest.port={PORTS['FLIGHTLIB_GATEWAY_PORT']}" in words
    assert f"-Drest.port={PORTS['FLIGHTLIB_FLINK_PORT']}" in words
    assert str(PORTS["FLIGHTLIB_BACKEND_PORT"]) in _containers("backend")[0]["command"]


def _containers(name: str) -> list[dict[str, Any]]:
    return list(named("Deployment", name)["spec"]["template"]["spec"]["containers"])


def test_topics_are_as_flightlib_plans_them() -> None:
    """Names, partitions and times are what flightlib checks a topic against."""
    made = {m["spec"].get("topicName", m["metadata"]["name"]): m["spec"] for m in _topics()}
    assert set(made) == set(TOPICS)
    for name, topic in TOPICS.items():
        assert made[name]["partitions"] == topic.partitions
        wanted = {"retention.ms": topic.retention_ms, "segment.ms": SEGMENT_MS}
        assert made[name]["config"] == wanted


def _topics() -> list[dict[str, Any]]:
    return of_kind("KafkaTopic")


def test_kafka_outlives_one_node() -> None:
    """Three copies of everything, two of which must be written."""
    config = named("Kafka", "flights")["spec"]["kafka"]["config"]
    nodes = named("KafkaNodePool", "nodes")["spec"]["replicas"]
    assert nodes == 3
    assert {v for k, v in config.items() if k.endswith("replication.factor")} == {nodes}
    assert {v for k, v in config.items() if re.search(r"min\.(isr|insync)", k)} == {nodes - 1}
    assert {m["spec"]["replicas"] for m in _topics()} == {nodes}


def test_flink_is_set_as_in_local_mode() -> None:
    """A setting that both have has the same value, in the cluster and in the gateway."""
    local = yaml.safe_load((DOCKER / "flink" / "config.yaml").read_text(encoding="utf-8"))
    words = _containers("gateway")[0]["args"]
    given = dict(w[2:].split("=", 1) for w in words if w.startswith("-D"))
    elsewhere = {"rest.address", "sql-gateway.endpoint.rest.address"}
    for settings in (named("FlinkDeployment", "flink")["spec"]["flinkConfiguration"], given):
        both = set(settings) & set(local) - elsewhere
        assert len(both) >= 6
        for name in both:
            assert settings[name] == _as_text(local[name]), name


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_trinos_catalog_is_that_of_local_mode() -> None:
    """The lake's catalog has the lines of local mode; only its address is the cluster's."""
    local = (DOCKER / "trino" / "catalog" / "lake.properties").read_text(encoding="utf-8")
    mine = values()["catalogs"]["lake"]
    (address,) = [line for line in mine.splitlines() if "uri=" in line]
    assert address.endswith(f"=http://catalog:{PORTS['FLIGHTLIB_CATALOG_PORT']}")
    assert [x for x in mine.splitlines() if "uri=" not in x] == [
        x for x in local.splitlines() if "uri=" not in x
    ]


def test_every_variable_is_a_setting() -> None:
    """Each FLIGHTLIB_ variable that a pod gets is one that flightlib reads."""
    known = {f"FLIGHTLIB_{name.upper()}" for name in Settings.model_fields}
    for deployment in of_kind("Deployment"):
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            names = {one["name"] for one in container.get("env", [])}
            assert {n for n in names if n.startswith("FLIGHTLIB_")} <= known


def test_the_backend_finds_what_it_asks() -> None:
    """Each address it is given is a service that something here makes, on flightlib's own port."""
    env = {one["name"]: one["value"] for one in _containers("backend")[0]["env"]}
    services = {m["metadata"]["name"] for m in of_kind("Service")}
    kafka = f"{named('Kafka', 'flights')['metadata']['name']}-kafka-bootstrap"
    ports = {n: dotenv()[variable(n)] for n in Settings.model_fields if n.endswith("_port")}
    given = {place: env[variable(place)] for place in PLACES if variable(place) in env}
    assert given.keys() == {"kafka", "registry", "catalog", "trino"}
    for place, address in given.items():
        host = kafka if place == "kafka" else place
        assert address == PLACES[place].format(host=host, **ports)
        assert host in services | {kafka, "trino"}


def test_what_selects_finds_what_it_selects() -> None:
    """Services, budgets, policies and deployments select the labels that pods carry."""
    pods = [m["spec"]["template"]["metadata"]["labels"] for m in of_kind("Deployment")]
    for kind in ("Service", "Deployment", "PodDisruptionBudget", "NetworkPolicy"):
        for manifest in of_kind(kind):
            spec = manifest["spec"]
            chosen = spec.get("selector") or spec.get("podSelector")
            labels = chosen.get("matchLabels", chosen)
            assert any(labels.items() <= pod.items() for pod in pods), manifest["metadata"]
    scaler = named("HorizontalPodAutoscaler", "backend")["spec"]["scaleTargetRef"]
    assert named(scaler["kind"], scaler["name"])["apiVersion"] == scaler["apiVersion"]
    assert "replicas" not in named("Deployment", "backend")["spec"]


def test_every_client_of_kafka_is_let_in() -> None:
    """The pods that talk to Kafka carry the label that its listener admits."""
    (listener,) = named("Kafka", "flights")["spec"]["kafka"]["listeners"]
    admitted = listener["networkPolicyPeers"][0]["podSelector"]["matchLabels"]
    flink = named("FlinkDeployment", "flink")["spec"]["podTemplate"]["metadata"]["labels"]
    pods = [
        named("Deployment", name)["spec"]["template"]["metadata"]["labels"]
        for name in ("backend", "gateway")
    ]
    assert all(admitted.items() <= labels.items() for labels in [flink, *pods])


def test_all_that_write_the_lake_are_one_user_in_one_place() -> None:
    """The lake's volume has the same path and the same user in every pod, as Iceberg needs."""
    claims = {m["metadata"]["name"] for m in of_kind("PersistentVolumeClaim")}
    flink = named("FlinkDeployment", "flink")["spec"]["podTemplate"]["spec"]
    pods = [named("Deployment", n)["spec"]["template"]["spec"] for n in ("catalog", "gateway")]
    for pod in [flink, *pods]:
        (volume,) = pod["volumes"]
        (mount,) = pod["containers"][0]["volumeMounts"]
        assert volume["persistentVolumeClaim"]["claimName"] == "lake"
        assert mount == {"name": volume["name"], "mountPath": "/flightlib"}
        assert {pod["securityContext"][k] for k in ("runAsUser", "runAsGroup", "fsGroup")} == {1000}
    assert {"lake", "registry"} == claims
    for part in ("coordinator", "worker"):
        assert (
            values()[part]["additionalVolumes"][0]["persistentVolumeClaim"]["claimName"] == "lake"
        )
        assert values()[part]["additionalVolumeMounts"][0]["mountPath"] == "/flightlib"
    assert set(values()["securityContext"].values()) == {1000}


def test_every_pod_is_probed_limited_and_without_rights() -> None:
    """Each container has three probes, a limit of memory, and no right it does not need."""
    for deployment in of_kind("Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert container[probe]["httpGet"]["port"] == container["ports"][0]["name"]
            assert container["resources"]["limits"]["memory"]
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_backend_is_scaled_before_it_is_full() -> None:
    """The autoscaler aims below the number of streams at which a backend refuses clients."""
    env = {one["name"]: one["value"] for one in _containers("backend")[0]["env"]}
    (metric,) = named("HorizontalPodAutoscaler", "backend")["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == "flightlib_clients"
    aim = int(metric["pods"]["target"]["averageValue"])
    assert aim < 0.8 * int(env["FLIGHTLIB_MAX_CLIENTS"])


def test_sizing_names_figures_that_exist() -> None:
    """Every figure that SIZING.md sends the reader to is one of `flightlib measure`."""
    from flightlib.measure.catalogue import NAMES

    text = (HERE / "SIZING.md").read_text(encoding="utf-8")
    told = {w for line in re.findall(r"flightlib measure ([a-z -]+)`", text) for w in line.split()}
    assert told
    assert told <= set(NAMES)


def test_the_pages_lead_somewhere() -> None:
    """Every link of the pages below docker/ to a file of the tree leads to one."""
    for page in (DOCKER / "COMPOSE.md", HERE / "README.md", HERE / "SIZING.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
