"""Scenarios as files: every slip is one line with its place, and no file can do harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from flightlib.errors import SettingError
from flightlib.scenario import Scenario, reading

HEAD = "title: A\nwatch: B\nsteps:\n"
STORM = HEAD + "  - kind: storm\n    for: 2 min\n    radius_nm: 50\n    track_deg: 5\n"
HOLDING = HEAD + "  - kind: holding\n    airport: KATL\n    for: 1 min\n"
OUTAGE = HEAD + "  - kind: outage\n    for: 2 min\n"
LATE = HEAD + "  - kind: late\n    for: 2 min\n    most: 3 s\n"
SPAN = 'allowed: a number with its unit, such as "30 s", "2 min" or "1 h", up to "6 h".'

SLIPS = {
    "an empty file": ("", "line 1: None is no set of words with values; allowed: title, watch"),
    "a mere word": ("storm", "line 1: 'storm' is no set of words with values"),
    "an unknown word": (
        "titel: A",
        "a word of a scenario cannot be 'titel'; allowed: title",
    ),
    "nothing to watch": ("title: A\nsteps: []", "line 1: 'watch' is missing; allowed: 1 to 240"),
    "a title too long": (f"title: {'A' * 81}\nwatch: B", "line 1: title cannot be 'AAA"),
    "a number for a title": ("title: 3\nwatch: B", "line 1: title cannot be 3; allowed: 1 to 80"),
    "no steps": (HEAD, "line 3: steps cannot be None; allowed: a list of 1 to 40 steps."),
    "too many steps": (HEAD + "  - kind: poison\n" * 41, "allowed: a list of 1 to 40 steps."),
    "a step that is none": (HEAD + "  - 5", "line 4, step 1: 5 is no set of words with values"),
    "no kind": (HEAD + "  - at: 2 min", "line 4, step 1: 'kind' is missing; allowed: storm, hol"),
    "an unknown kind": (
        HEAD + "  - kind: strom",
        "kind cannot be 'strom'; allowed: storm",
    ),
    "the nearest kind": (HEAD + "  - kind: strom", "Did you mean 'storm'?"),
    "a list for a kind": (
        HEAD + "  - kind: [1]",
        "step 1: kind cannot be [1]; allowed: storm",
    ),
    "an unknown word of a step": (
        STORM + "    speed_kt: 9\n    near: hub 1\n    radius: 5",
        "line 10, step 1: a word of storm cannot be 'radius'; allowed: kind, at, for, near,",
    ),
    "a number for a word": (
        HOLDING + "    3: 4",
        "line 7, step 1: a word of holding cannot be",
    ),
    "something missing": (HOLDING, "line 4, step 1: 'laps' is missing; allowed: 1 to 8 laps."),
    "too many laps": (HOLDING + "    laps: 9", "line 7, step 1: laps cannot be 9; allowed: 1 to 8"),
    "half a lap": (HOLDING + "    laps: 1.5", "laps cannot be 1.5; allowed: 1 to 8 laps."),
    "yes for a number": (HOLDING + "    laps: yes", "laps cannot be True; allowed: 1 to 8 laps."),
    "text for a number": (HOLDING + "    laps: '2'", "laps cannot be '2'; allowed: 1 to 8 laps."),
    "a huge number": (HOLDING + f"    laps: {'9' * 40}", "allowed: 1 to 8 laps."),
    "no number": (LATE + "    share: .nan", "share cannot be nan; allowed: 0.001 to 1"),
    "too large a share": (LATE + "    share: 2", "share cannot be 2; allowed: 0.001 to 1"),
    "a time without unit": (HEAD + "  - kind: poison\n    at: 5", f"at cannot be 5; {SPAN}"),
    "a time of day": (HEAD + "  - kind: poison\n    at: 1:30", f"at cannot be 90; {SPAN}"),
    "a date": (HEAD + "  - kind: poison\n    at: 2026-01-01", f"date(2026, 1, 1); {SPAN}"),
    "a time before": (HEAD + "  - kind: poison\n    at: -5 s", f"at cannot be '-5 s'; {SPAN}"),
    "a long time": (HEAD + "  - kind: poison\n    at: 7 h", f"at cannot be '7 h'; {SPAN}"),
    "no time at all": (OUTAGE.replace("2 min", "0 s"), f"for cannot be '0 s'; {SPAN}"),
    "no place": (STORM + "    speed_kt: 9", "this storm needs either 'near', or 'latitude' and"),
    "two places": (
        STORM + "    speed_kt: 9\n    near: hub 1\n    latitude: 4.0\n    longitude: 5.0",
        "step 1: this storm needs either 'near'",
    ),
    "half a place": (STORM + "    speed_kt: 9\n    latitude: 4.0", "needs either 'near'"),
    "a hub too far down": (
        STORM + "    speed_kt: 9\n    near: hub 21",
        'near cannot be \'hub 21\'; allowed: "hub 1" to "hub 20"',
    ),
    "an unknown airport": (
        HOLDING.replace("KATL", "KALT") + "    laps: 1",
        "line 5, step 1: airport cannot be 'KALT'",
    ),
    "no area": (OUTAGE, "this outage needs one of 'box', 'cell_of', or 'near' with 'size_deg'."),
    "an area without size": (OUTAGE + "    near: hub 1", "this outage needs one of 'box'"),
    "two areas": (OUTAGE + "    near: hub 1\n    size_deg: 3\n    cell_of: hub 1", "needs one of"),
    "a box upside down": (
        OUTAGE + "    box: {south: 2, west: 1, north: 1, east: 2}",
        "line 6, step 1: this box needs south below north and west below east.",
    ),
    "an unknown edge": (
        OUTAGE + "    box: {south: 2, west: 1, north: 3, est: 2}",
        "a word of box cannot be 'est'; allowed: south, west, north, east.",
    ),
    "a box that is none": (
        OUTAGE + "    box: 7",
        "7 is no set of words with values; allowed: so",
    ),
    "a word twice": (
        HEAD + "  - kind: poison\n    kind: late",
        "line 5: 'kind' stands here twice",
    ),
    "an alias": (HEAD + "  - &a {kind: poison}\n  - *a", "line 5: aliases such as *name are not"),
    "a Python object": (
        HEAD + "  - !!python/object/apply:os.system ['exit']",
        "line 4: tags such as !!python/object/apply:os.system are not allowed.",
    ),
    "a tag for yes": (HEAD + "  - count: !!bool maybe", "line 4: tags such as !!bool are not all"),
    "a tag for a date": (HEAD + "  - at: !!timestamp foo", "tags such as !!timestamp are not"),
    "a tag for nothing": (HEAD + "  - count: !!int ''", "line 4: tags such as !!int are not all"),
    "a tag on a list": ("title: A\nsteps: !!set []", "line 2: tags such as !!set are not allowed."),
    "a tag of one's own": ("title: !mine A", "line 1: tags such as !mine are not allowed."),
    "a tag without a name": ("title: ! A", "line 1: tags such as ! are not allowed."),
    "a number beyond all": ("title: " + "1:" * 300 + "1.5", "this is not YAML: "),
    "a kind for a word": (
        "outage:\n  for: 2 min",
        "line 1: a word of a scenario cannot be 'outage'; allowed: title, watch, steps.",
    ),
    "a kind for a word of a step": (
        STORM + "    speed_kt: 9\n    near: hub 1\n    storm: 1",
        "line 10, step 1: a word of storm cannot be 'storm'; allowed: kind, at, for, near,",
    ),
    "deep nesting": ("[" * 40, "line 1: nested too deep; allowed: 8 levels."),
    "no YAML": ("title: [\n", "this is not YAML: "),
    "a tab": ("title: A\n\twatch: B", "line 2: this is not YAML: "),
    "a zero byte": ("title: \x00", "this is not YAML: "),
    "two documents": ("--- a\n--- b", "this is not YAML: "),
    "a list for a key": ("? [1, 2]\n: 3", "this is not YAML: "),
}


@pytest.mark.parametrize(("text", "words"), SLIPS.values(), ids=list(SLIPS))
def test_a_slip_is_told_in_one_line_with_its_place(text: str, words: str) -> None:
    """The line names the file, the place, what was given and what is allowed."""
    with pytest.raises(SettingError) as error:
        reading.parse(text, "mine.yaml")
    assert words in str(error.value)
    assert str(error.value).startswith("mine.yaml")
    assert "\n" not in str(error.value)


def test_a_file_is_read(tmp_path: Path) -> None:
    """A scenario of one's own has the name of its file and the steps that stand in it."""
    file = tmp_path / "two-things.yaml"
    file.write_text(OUTAGE + "    cell_of: KATL\n  - {kind: poison, at: 90 s}\n")
    own = Scenario.from_file(file)
    assert (own.name, own.title, own.watch) == ("two-things", "A", "B")
    assert [(at_ms, step.kind) for at_ms, step in own.steps] == [(0, "outage"), (90_000, "poison")]
    assert own.lasts_ms == 120_000


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, too large, a folder or not text: one line that says which."""
    large, foreign = tmp_path / "large.yaml", tmp_path / "foreign.yaml"
    large.write_text("#" * (reading.LARGEST_BYTES + 1))
    foreign.write_bytes(b"title: \xff")
    for path, words in (
        (tmp_path / "none.yaml", "none.yaml cannot be read: No such file or directory."),
        (tmp_path, "cannot be read: Is a directory."),
        (large, "large.yaml is too large; allowed: 64 kB."),
        (foreign, "foreign.yaml cannot be read: it is not UTF-8 text."),
    ):
        with pytest.raises(SettingError) as error:
            Scenario.from_file(path)
        assert words in str(error.value)


def test_a_scenario_includes_others(tmp_path: Path) -> None:
    """Built-in ones come by name, own ones from beside the file, each begun at its time."""
    (tmp_path / "inner.yaml").write_text(HEAD + "  - {kind: poison, at: 10 s}\n")
    outer = tmp_path / "outer.yaml"
    outer.write_text(
        HEAD
        + "  - {kind: include, scenario: inner, at: 1 min}\n"
        + "  - {kind: include, scenario: late}\n"
    )
    found = [(at_ms, step.kind) for at_ms, step in Scenario.from_file(outer).steps]
    assert found == [(0, "late"), (0, "duplicates"), (70_000, "poison")]


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("outer", "outer includes itself: outer > outer."),
        ("other", "outer includes itself: outer > other > outer."),
        ("strom", "A scenario cannot be 'strom'"),
        ("../outer", "A scenario cannot be '../outer'"),
    ],
)
def test_an_inclusion_that_cannot_be_is_refused(tmp_path: Path, scenario: str, words: str) -> None:
    """A circle, an unknown name, and a way out of the folder are told in one line."""
    outer = tmp_path / "outer.yaml"
    outer.write_text(HEAD + f"  - {{kind: include, scenario: {scenario}}}\n")
    (tmp_path / "other.yaml").write_text(HEAD + "  - {kind: include, scenario: outer}\n")
    with pytest.raises(SettingError) as error:
        Scenario.from_file(outer)
    assert words in str(error.value)


def test_a_file_beside_may_have_a_hyphen_in_its_name(tmp_path: Path) -> None:
    """A scenario includes the file beside it, however its name is joined."""
    (tmp_path / "my-day_2.yaml").write_text(HEAD + "  - {kind: poison, at: 10 s}\n")
    outer = tmp_path / "outer.yaml"
    outer.write_text(HEAD + "  - {kind: include, scenario: my-day_2}\n")
    assert [at_ms for at_ms, _ in Scenario.from_file(outer).steps] == [10_000]


def test_deep_inclusion_is_no_circle(tmp_path: Path) -> None:
    """Five levels are read; a sixth is told as too deep, with the way that leads there."""
    for name, after in zip("abcde", "bcdef", strict=True):
        step = f"  - {{kind: include, scenario: {after}}}\n"
        (tmp_path / f"{name}.yaml").write_text(HEAD + step)
    (tmp_path / "f.yaml").write_text(HEAD + "  - kind: poison\n")
    assert len(Scenario.from_file(tmp_path / "b.yaml").steps) == 1
    with pytest.raises(SettingError) as error:
        Scenario.from_file(tmp_path / "a.yaml")
    assert str(error.value) == "a includes too deep; allowed: 5 levels: a > b > c > d > e > f."


def test_inclusion_does_not_multiply_without_end(tmp_path: Path) -> None:
    """A few small files cannot make a scenario of thousands of steps."""
    many = "  - {kind: include, scenario: NEXT}\n" * 40
    for name, after in (("a", "b"), ("b", "c")):
        (tmp_path / f"{name}.yaml").write_text(HEAD + many.replace("NEXT", after))
    (tmp_path / "c.yaml").write_text(HEAD + "  - kind: poison\n" * 40)
    with pytest.raises(SettingError, match="a includes more than 200 steps in all"):
        Scenario.from_file(tmp_path / "a.yaml")
