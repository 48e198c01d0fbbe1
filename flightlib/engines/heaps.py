"""How much memory Java gets for each engine but Trino, which has a file of its own for that."""

from __future__ import annotations

# The first-stage compiler and the smallest collector start fastest. The TaskManager and Trino keep
# the full ones: they do the heavy work (stock flags cost them up to half of their throughput).
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# By itself a heap begins with a 64th of the machine's memory, and what is soon done with fills it
# before any of it is collected.
HEAPS = {
    "kafka": ("-Xms96m", "-Xmx512m"),
    "registry": ("-Xms48m", "-Xmx384m"),
    "catalog": ("-Xms32m", "-Xmx256m"),
    "gateway": ("-Xms64m", "-Xmx384m"),
}

# What Flink's own start scripts compute from the process sizes in docker/flink/config.yaml.
JOBMANAGER_JVM = ("-Xmx469762048", "-Xms469762048", "-XX:MaxMetaspaceSize=268435456")
# Of that heap, for young objects; by itself a third, which is full before it is collected.
JOBMANAGER_YOUNG = "-Xmn64m"
JOBMANAGER_MEMORY = {
    "jobmanager.memory.off-heap.size": "134217728b",
    "jobmanager.memory.jvm-overhead.min": "201326592b",
    "jobmanager.memory.jvm-overhead.max": "201326592b",
    "jobmanager.memory.jvm-metaspace.size": "268435456b",
    "jobmanager.memory.heap.size": "469762048b",
}
TASKMANAGER_JVM = (
    "-XX:+UseG1GC",
    "-Xmx697932173",
    "-Xms697932173",
    "-XX:MaxDirectMemorySize=300647712",
    "-XX:MaxMetaspaceSize=268435456",
)
TASKMANAGER_MEMORY = {
    "taskmanager.memory.network.min": "166429984b",
    "taskmanager.memory.network.max": "166429984b",
    "taskmanager.memory.task.off-heap.size": "0b",
    "taskmanager.memory.jvm-metaspace.size": "268435456b",
    "taskmanager.memory.jvm-overhead.min": "214748368b",
    "taskmanager.memory.jvm-overhead.max": "214748368b",
    "taskmanager.memory.framework.off-heap.size": "134217728b",
    "taskmanager.memory.framework.heap.size": "134217728b",
    "taskmanager.memory.managed.size": "665719939b",
    "taskmanager.memory.task.heap.size": "563714445b",
    "taskmanager.cpu.cores": "16.0",
    "taskmanager.numberOfTaskSlots": "16",
    "external-resources": "none",
}
