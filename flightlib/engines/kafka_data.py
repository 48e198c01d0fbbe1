"""Give Kafka's data folder its identity, once, before the first start."""

from __future__ import annotations

import base64
import shutil
import subprocess
import uuid

from flightlib.engines.commands import format_kafka
from flightlib.engines.manager import clean_environment
from flightlib.errors import EngineFailed
from flightlib.settings import Settings


def prepare_folder(settings: Settings) -> None:
    """Format Kafka's data folder if that was not done; a half-made one is made anew.

    The cluster's identity stays as long as the folder does. Raises EngineFailed with Kafka's words.
    """
    folder = settings.data / "kafka"
    if (folder / "meta.properties").is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    tool = format_kafka(settings, cluster_id())
    done = subprocess.run(
        tool.argv,
        env=clean_environment() | tool.env,
        cwd=tool.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        said = (done.stdout + done.stderr).strip().splitlines()[-10:]
        raise EngineFailed("\n".join(["kafka cannot prepare its data folder.", *said]))


def cluster_id() -> str:
    """Make a new identity for a Kafka cluster, as Kafka's own tool writes them."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # A dash in front would read as an option on Kafka's command lines.
    return text if not text.startswith("-") else cluster_id()
