"""PyFlink on the engines' own Java and Flink, for those who prefer the Table API."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from flightlib.engines.layout import home, java
from flightlib.errors import MachineError
from flightlib.flink import ddl
from flightlib.flink.functions import need_pyflink
from flightlib.settings import Settings, load

GROUP = "flightlib-pyflink"


def table_environment(settings: Settings | None = None) -> Any:
    """Give a PyFlink TableEnvironment on the same cluster, with flightlib's tables declared.

    It starts a Java process inside this kernel (about 300 MB, some seconds). Raises MachineError
    without PyFlink, ArtifactError before the engines were fetched, EngineDown without Kafka.
    """
    need_pyflink()
    settings = settings or load()
    ddl.prepare(settings)
    os.environ["JAVA_HOME"] = str(java(settings, "jobmanager").parents[1])
    os.environ["FLINK_HOME"] = str(home(settings, "jobmanager"))
    from pyflink.common import Configuration
    from pyflink.table import EnvironmentSettings, TableEnvironment

    configuration = Configuration()
    for name, value in _options(settings).items():
        configuration.set_string(name, value)
    chosen = EnvironmentSettings.new_instance().with_configuration(configuration)
    environment = TableEnvironment.create(chosen.in_streaming_mode().build())
    for statement in ddl.declarations(settings, GROUP, "latest-offset"):
        environment.execute_sql(statement)
    return environment


def _options(settings: Settings) -> dict[str, str]:
    where = urlsplit(settings.flink)
    if where.scheme != "http" or settings.login("flink").given:
        raise MachineError(
            "PyFlink's client speaks plain HTTP alone, and FLIGHTLIB_FLINK is behind TLS or a "
            "login. Use `%%flink`, which goes through the SQL Gateway."
        )
    return {
        "execution.target": "remote",
        "rest.address": str(where.hostname),
        "rest.port": str(where.port or 80),
        # The cluster's own interval does not reach a client of this kind.
        "execution.checkpointing.interval": "1 s",
        "table.local-time-zone": "UTC",
        "parallelism.default": "2",
    }
