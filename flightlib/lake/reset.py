"""Empty the lake for a rerun: jobs that write it stop and are forgotten, tables are made anew."""

from __future__ import annotations

from flightlib import flink
from flightlib.lake.schemas import NAMESPACE, PLANS
from flightlib.lake.tables import catalog, create_tables
from flightlib.settings import Settings, load


def reset(settings: Settings | None = None) -> str:
    """Stop the jobs that write the lake, forget them, and make its tables anew; say what was done.

    The files of the old tables are deleted. A job of the same name that is started afterwards
    begins with the reports of then. Raises EngineDown while Flink, Kafka or the catalog is down.
    """
    settings = settings or load()
    stopped = sorted({e.name for name in PLANS for e in flink.writers(settings, name)})
    for name in stopped:
        flink.Job(name, settings).forget()
    here = catalog(settings)
    here.create_namespace_if_not_exists(NAMESPACE)
    for _, name in here.list_tables(NAMESPACE):
        if name in PLANS:
            here.purge_table((NAMESPACE, name))
    made = create_tables(settings)
    jobs = f"Stopped and forgotten: {', '.join(stopped)}. " if stopped else ""
    return f"{jobs}Made anew: {', '.join(made)}."
