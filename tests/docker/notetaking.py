"""A `docker` that only takes notes: what was typed, and which containers there would be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# It stands in for the client so that what flightlib types, and what it makes of the answers, can be
# looked at. It starts nothing: no test may say of an engine that it ran in a container.
CLIENT = r"""
import json, os, sys
from pathlib import Path

here = Path(__file__).parent
words = sys.argv[1:]
kept = json.loads((here / "state.json").read_text())
given = {k: v for k, v in os.environ.items() if k.startswith("FLIGHTLIB_")}
with (here / "typed.jsonl").open("a") as notes:
    notes.write(json.dumps({"words": words, "given": given}) + "\n")

def end(text="", code=0, error=""):
    print(text, end="")
    print(error, end="", file=sys.stderr)
    sys.exit(code)

refusal = kept["refuses"].get(words[0])
if refusal:
    end("", 1, refusal)
if words[:2] == ["compose", "version"]:
    end(kept["compose"] + "\n")
if words[0] == "version":
    end(f"28.0.4 {kept['api']}\n")
if words[0] == "info":
    end(json.dumps({"MemTotal": 16_000_000_000, "SecurityOptions": kept["options"]}))
if words[0] == "ps":
    end("".join(f"{name}-id\n" for name in kept["there"]))
if words[0] == "inspect":
    rows = []
    for name in (one.removesuffix("-id") for one in words[1:]):
        labels = {"com.docker.compose.service": name, "com.docker.compose.project": kept["project"]}
        state = {"Status": kept["there"][name], "StartedAt": "2026-01-01T00:00:00.123456789Z"}
        count = kept["restarts"].get(name, 0)
        rows.append({"Id": f"{name}-id", "Config": {"Labels": labels}, "State": state,
                     "RestartCount": count})
    end(json.dumps(rows))
if words[0] == "stats":
    end("".join(f"{one} 512MiB / 1GiB\n" for one in words[words.index("--format") + 2:]))
if words[0] == "logs":
    end("one\ntwo\n")
typed = words[1:]
while typed[0].startswith("--"):
    del typed[:2]
if typed[0] == "up":
    kept["there"].update({name: "running" for name in typed[1:] if not name.startswith("--")})
    kept["there"]["network"] = "running"
    kept["project"] = words[words.index("--project-name") + 1]
if typed[0] == "stop":
    kept["there"].update(dict.fromkeys(typed[1:], "exited"))
if typed[0] == "down":
    kept["there"] = {}
# Others ask at the same time: only these three change anything, and at one stroke.
draft = here / f"state.{os.getpid()}"
draft.write_text(json.dumps(kept))
draft.replace(here / "state.json")
end("", kept["codes"].get(typed[0], 0), kept["words"].get(typed[0], ""))
"""


@dataclass
class Notes:
    """The note-taking client: what it was asked, and what it is to answer."""

    folder: Path

    @property
    def typed(self) -> list[list[str]]:
        """The words of every call."""
        return [one["words"] for one in self._rows()]

    def compose(self, verb: str) -> tuple[list[str], dict[str, str]]:
        """The words and the variables of the last call of compose with this verb."""
        rows = [
            one for one in self._rows() if one["words"][0] == "compose" and verb in one["words"]
        ]
        return rows[-1]["words"], rows[-1]["given"]

    def set(self, **answers: object) -> None:
        """Change what it answers from now on."""
        self.write({**self.state, **answers})

    @property
    def state(self) -> dict[str, Any]:
        """What it answers."""
        return dict(json.loads((self.folder / "state.json").read_text()))

    def write(self, state: dict[str, Any]) -> None:
        """Set all of what it answers."""
        (self.folder / "state.json").write_text(json.dumps(state))

    def _rows(self) -> list[dict[str, Any]]:
        file = self.folder / "typed.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
