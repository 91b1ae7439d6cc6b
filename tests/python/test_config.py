"""Configurations: read, parsed, built, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hamirror

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """
searchd
{
    agent_connect_timeout = 100
}

index dist
{
    type = distributed
    agent = box1:9312|box2:9312:docs
    agent = box3:9312|box4:9312:docs
}
"""


def test_a_text_is_parsed() -> None:
    config = hamirror.Config.parse(TEXT)
    assert config.indexes == ("dist",)
    assert config.warnings == ()
    assert repr(config) == "<hamirror.Config of ('dist',)>"


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sphinx.conf"
    path.write_text(TEXT)
    assert hamirror.Config.read(path).indexes == ("dist",)
    assert hamirror.Config.read(str(path)).indexes == ("dist",)


def test_tables_of_a_data_dir_are_read(tmp_path: Path) -> None:
    path = tmp_path / "manticore.conf"
    path.write_text(f"searchd {{\n data_dir = {tmp_path}\n}}\n")
    tables = tmp_path / "manticore.json"
    tables.write_text(
        '{"indexes": {"t": {"type": "rt", "path": "t"},\n'
        ' "docs": {"type": "distributed", "odd": 1, "locals": ["t"],'
        ' "agents": [{"config": "box1:9312|box2:9312:s", "persistent": true}]}}}'
    )
    config = hamirror.Config.read(path)
    assert config.indexes == ("docs",)
    (warning,) = config.warnings
    assert (warning.file, warning.line, warning.text) == (str(tables), 2, "odd")
    tables.write_text('{"indexes": {"docs": []}}')
    with pytest.raises(hamirror.ConfigError, match="properties is expected"):
        hamirror.Config.read(path)
    assert "not read" in str(hamirror.Config.parse(path.read_text()).warnings[0])


def test_the_text_of_show_create_table_is_parsed() -> None:
    text = "CREATE TABLE docs type='distributed' agent='box1:9312:s|box2:9312:s' odd='1'"
    config = hamirror.Config.parse(text)
    assert config.indexes == ("docs",)
    assert [warning.text for warning in config.warnings] == ["odd"]


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(hamirror.ResourceError, match="No such file") as raised:
        hamirror.Config.read(tmp_path / "none.conf")
    assert isinstance(raised.value, OSError)


def test_sections_are_built() -> None:
    config = hamirror.Config.build(
        {
            "searchd": {"agent_retry_count": 2},
            "one": {"agent": ["box1:9312:a", "box2:9312:b"]},
            "two": {"agent": "box1:9312:c"},
        }
    )
    assert config.indexes == ("one", "two")


def test_every_fault_has_its_place_and_shows_its_line() -> None:
    text = "index a\n{\n  type = distributed\n  agent = box:0:x\n  agent = :\n}\n"
    with pytest.raises(hamirror.ConfigError) as raised:
        hamirror.Config.parse(text, name="my.conf")
    places = [(fault.file, fault.line) for fault in raised.value.diagnostics]
    assert places == [("my.conf", 4), ("my.conf", 5)]
    assert str(raised.value) == (
        "my.conf:4:15: '0': a port from 1 to 65535 is expected\n"
        "      agent = box:0:x\n"
        "                  ^\n"
        "my.conf:5:11: ':': a host name, an address or a socket path is expected\n"
        "      agent = :\n"
        "              ^"
    )
    assert isinstance(raised.value, ValueError)


ODD = "index d\n{\n  type = distributed\n  agent = box1:docs\n  agent = box2:9312:docs\n}\n"
ODD += "searchd\n{\n  pid_file = /run/searchd.pid\n}\n"


def test_a_daemon_skips_what_the_strict_reading_takes(tmp_path: Path) -> None:
    path = tmp_path / "sphinx.conf"
    path.write_text(ODD)
    sections = {"d": {"agent": ["box1:docs", "box2:9312:docs"]}}
    for config in (
        hamirror.Config.parse(ODD, reading="sphinx"),
        hamirror.Config.read(path, reading="sphinx"),
        hamirror.Config.build(sections, reading="sphinx"),
    ):
        assert config.indexes == ("d",)
        (skipped,) = config.warnings
        assert skipped.text == "docs"
        assert skipped.expected == (
            "port number expected; the agent is skipped, where searchd would add its mirrors "
            "and options to the next one"
        )
    for reading in ("strict", "manticore"):
        (odd,) = hamirror.Config.parse(ODD, reading=reading).warnings
        assert odd.expected == "a port is expected after it; 9312 is used"


def test_a_daemon_leaves_out_what_the_strict_reading_refuses() -> None:
    text = ODD.replace("box1:docs", "box1:0:docs")
    with pytest.raises(hamirror.ConfigError):
        hamirror.Config.parse(text)
    assert hamirror.Config.parse(text, reading="sphinx").indexes == ("d",)
    assert hamirror.Config.parse(text, reading="manticore").indexes == ()
    with pytest.raises(hamirror.ConfigError, match="unknown key name"):
        hamirror.Config.parse(text.replace("}", "nosuch = 1\n}"), reading="sphinx")


def test_an_unknown_reading_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="argument 'reading': 'lenient' is none of strict, "):
        hamirror.Config.parse("", reading="lenient")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'reading'"):
        hamirror.Config.build({}, reading="")  # type: ignore[arg-type]


def test_wrong_types_are_type_errors() -> None:
    with pytest.raises(TypeError):
        hamirror.Config.parse(b"index a")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="iterable of str"):
        hamirror.Config.build({"a": {"agent": {}}})
    with pytest.raises(TypeError):
        hamirror.Config.build({"a": {"agent": 1.5}})  # type: ignore[dict-item]


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        hamirror.Config.parse(text)
    except hamirror.ConfigError as error:
        assert error.diagnostics


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.text() | st.lists(st.text()))))
def test_any_sections_are_taken_or_refused(
    sections: dict[str, dict[str, str | list[str]]],
) -> None:
    try:
        hamirror.Config.build(sections)
    except hamirror.ConfigError as error:
        assert error.diagnostics
    except UnicodeEncodeError:
        assert any(0xD800 <= ord(letter) <= 0xDFFF for letter in repr(sections))
