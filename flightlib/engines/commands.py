"""What is typed to start each engine: settings in, command line and environment out.

Pure: nothing here touches a file of the data folder, a port or a process. The configuration files
are the ones in `docker/`; what they cannot read from the environment stands here.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from flightlib.engines import classes, heaps
from flightlib.engines.layout import home, java
from flightlib.engines.names import ENGINES, FLINK, ports
from flightlib.settings import FILE, HOST, PLACES, Access, Settings, shared_folder, variable


@dataclass(frozen=True)
class Command:
    """One engine's process: what to run, with which environment, in which folder."""

    engine: str
    argv: tuple[str, ...]
    env: dict[str, str]
    folder: Path


def marker(data: Path) -> str:
    """Give the argument by which every engine process of a data folder is known."""
    return f"-Dflightlib.data={data}"


def environment(settings: Settings) -> dict[str, str]:
    """Give what the configuration files in `docker/` read: the ports, the data folder, the host."""
    held = {"FLIGHTLIB_DATA": str(settings.data), "FLIGHTLIB_BIND": settings.bind}
    for engine in ENGINES:
        held |= {name: str(port) for name, port in ports(settings, engine).items()}
    return held


def _addresses(settings: Settings) -> dict[str, str]:
    return {variable(n): getattr(settings, n) for n in PLACES if settings.elsewhere(n)}


def elsewhere_variables(settings: Settings) -> dict[str, str]:
    """Give the process manager what the keeper needs for engines elsewhere, secrets included.

    They go from one environment to the next, and into no file.
    """
    told = dict[str, str]()
    for name, field in Access.model_fields.items():
        value = getattr(settings, name)
        if value == field.default or getattr(settings, f"{name}{FILE}", None) is not None:
            continue
        shown = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        told[variable(name)] = shown
    return told


def command(settings: Settings, engine: str) -> Command:
    """Build the command of one engine."""
    mark = (marker(settings.data), f"-Dflightlib.engine={engine}")
    if engine == "keeper":
        program = (sys.executable, "-m", "flightlib.engines.keeper", *mark)
        env = environment(settings) | _addresses(settings)
        env |= {"FLIGHTLIB_LOG_FORMAT": settings.log_format}
        return Command(engine, program, env, settings.data)
    argv, folder = _BUILD[engine](settings)
    env = environment(settings) | (_flink_folders(settings) if engine in FLINK else {})
    began = (str(java(settings, engine)), *mark, *classes.flags(settings, engine))
    return Command(engine, (*began, *argv), env, folder)


def format_kafka(settings: Settings, cluster_id: str) -> Command:
    """Build the command that prepares Kafka's data folder; run once, before the first start."""
    properties = str(_conf("kafka", "server.properties"))
    tool = ("kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted")
    argv = ("-cp", _jars(settings, "kafka"), *tool, "-t", cluster_id, "-c", properties)
    run = (str(java(settings, "kafka")), *heaps.QUICK, f"-Dlog4j2.configurationFile={_kafka_log()}")
    return Command("kafka", (*run, *argv), environment(settings), settings.data)


def data_folders(settings: Settings) -> list[Path]:
    """List the folders that must exist before engines start."""
    names = ("logs", "registry", "catalog", "warehouse", "trino", "flink/tmp")
    states = ("flink/checkpoints", "flink/savepoints")
    return [settings.data / name for name in (*names, *states)]


def log_file(settings: Settings, engine: str) -> Path:
    """Say where the output of an engine goes."""
    return settings.data / "logs" / f"{engine}.log"


def _conf(*parts: str) -> Path:
    return shared_folder("docker").joinpath(*parts)


def _jars(settings: Settings, engine: str) -> str:
    return str(home(settings, engine) / "lib" / "*")


def _kafka_log() -> Path:
    return _conf("kafka", "log4j2.yaml")


def _kafka(settings: Settings) -> tuple[tuple[str, ...], Path]:
    flags = (
        *heaps.QUICK,
        *heaps.HEAPS["kafka"],
        f"-Dlog4j2.configurationFile={_kafka_log()}",
    )
    main = ("kafka.Kafka", str(_conf("kafka", "server.properties")))
    return (*flags, "-cp", _jars(settings, "kafka"), *main), settings.data


def _registry(settings: Settings) -> tuple[tuple[str, ...], Path]:
    folder = home(settings, "registry")
    properties = _conf("registry", "application.properties").as_uri()
    flags = (
        *heaps.QUICK,
        *heaps.HEAPS["registry"],
        f"-Dquarkus.config.locations={properties}",
    )
    return (*flags, "-jar", str(folder / "quarkus-run.jar")), settings.data


def _catalog(settings: Settings) -> tuple[tuple[str, ...], Path]:
    log = "-Dorg.slf4j.simpleLogger"
    times = (f"{log}.showDateTime=true", f"{log}.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS")
    flags = (
        *heaps.QUICK,
        *heaps.HEAPS["catalog"],
        *times,
        "-cp",
        _jars(settings, "catalog"),
    )
    main = ("org.eclipse.jetty.xml.XmlConfiguration", str(_conf("catalog", "catalog.xml")))
    return (*flags, *main), settings.data


def _trino(settings: Settings) -> tuple[tuple[str, ...], Path]:
    lines = _conf("trino", "jvm.config").read_text(encoding="utf-8").split()
    paths = {
        "config": _conf("trino", "config.properties"),
        "catalog.config-dir": _conf("trino", "catalog"),
        "log.levels-file": _conf("trino", "log.properties"),
        "node.data-dir": settings.data / "trino",
    }
    flags = tuple(f"-D{name}={path}" for name, path in paths.items())
    main = ("-cp", str(Path("lib") / "*"), "io.trino.server.TrinoServer")
    return (*lines, *flags, *main), home(settings, "trino")


def _jobmanager(settings: Settings) -> tuple[tuple[str, ...], Path]:
    name = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
    jvm = (*heaps.QUICK, *heaps.JOBMANAGER_JVM, heaps.JOBMANAGER_YOUNG)
    return _flink(settings, "jobmanager", jvm, name, heaps.JOBMANAGER_MEMORY)


def _taskmanager(settings: Settings) -> tuple[tuple[str, ...], Path]:
    name = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
    return _flink(settings, "taskmanager", heaps.TASKMANAGER_JVM, name, heaps.TASKMANAGER_MEMORY)


def _gateway(settings: Settings) -> tuple[tuple[str, ...], Path]:
    name = "org.apache.flink.table.gateway.SqlGateway"
    jvm = (*heaps.QUICK, *heaps.HEAPS["gateway"])
    return _flink(settings, "gateway", jvm, name, {})


def _flink(
    settings: Settings, engine: str, jvm: tuple[str, ...], main: str, memory: dict[str, str]
) -> tuple[tuple[str, ...], Path]:
    folder = home(settings, engine)
    classes = [str(folder / "lib" / "*")]
    if engine == "gateway":
        classes.append(str(folder / "opt" / f"flink-sql-gateway-{settings.flink_version}.jar"))
    logs = (
        f"-Dlog.file={log_file(settings, engine)}",
        f"-Dlog4j.configurationFile={_conf('flink', 'log4j-console.properties')}",
    )
    options = tuple(
        f"-D{name}={value}" for name, value in {**_flink_options(settings), **memory}.items()
    )
    # The gateway finds its configuration by FLINK_CONF_DIR and knows no --configDir.
    where = () if engine == "gateway" else ("--configDir", str(_conf("flink")))
    argv = (*jvm, *_flink_opens(), *logs, "-cp", ":".join(classes), main, *where, *options)
    return argv, settings.data


def _flink_opens() -> tuple[str, ...]:
    """Read Flink's own JVM options from its configuration file."""
    key = "env.java.opts.all:"
    lines = _conf("flink", "config.yaml").read_text(encoding="utf-8").splitlines()
    return tuple(" ".join(line[len(key) :] for line in lines if line.startswith(key)).split())


def _flink_options(settings: Settings) -> dict[str, str]:
    """Give what Flink's configuration file cannot read from the environment."""
    state = settings.data / "flink"  # as it is: Flink decodes no %20 in a folder's address
    return {
        "rest.port": str(settings.flink_port),
        "rest.bind-address": settings.bind,
        "jobmanager.rpc.port": str(settings.flink_rpc_port),
        "jobmanager.bind-host": HOST,
        "taskmanager.bind-host": HOST,
        "sql-gateway.endpoint.rest.port": str(settings.gateway_port),
        "sql-gateway.endpoint.rest.bind-address": settings.bind,
        "execution.checkpointing.dir": f"file://{state / 'checkpoints'}",
        "execution.checkpointing.savepoint-dir": f"file://{state / 'savepoints'}",
        "io.tmp.dirs": str(state / "tmp"),
    }


def _flink_folders(settings: Settings) -> dict[str, str]:
    folder = home(settings, "jobmanager")
    own = {f"FLINK_{n.upper()}_DIR": str(folder / n) for n in ("lib", "opt", "plugins")}
    return own | {"FLINK_HOME": str(folder), "FLINK_CONF_DIR": str(_conf("flink"))}


_BUILD = {
    "kafka": _kafka,
    "registry": _registry,
    "catalog": _catalog,
    "jobmanager": _jobmanager,
    "taskmanager": _taskmanager,
    "gateway": _gateway,
    "trino": _trino,
}
