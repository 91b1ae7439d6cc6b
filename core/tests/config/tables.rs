//! Distributed tables of Manticore's RT mode: those of a `manticore.json`, and the text of SHOW
//! CREATE TABLE.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use hamirror::Error;
use hamirror::config::{Config, HaStrategy, Reading};
use proptest::prelude::*;

use super::{errors, lines, parse};

/// A folder of a daemon that is removed when the test ends.
struct DataDir(PathBuf);

impl DataDir {
    fn new(name: &str, tables: &[u8]) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("a folder");
        fs::write(path.join("manticore.json"), tables).expect("a file");
        Self(path)
    }

    /// A configuration that names it.
    fn configuration(&self) -> PathBuf {
        let path = self.0.join("manticore.conf");
        let folder = self.0.display();
        fs::write(&path, format!("searchd {{\n data_dir = {folder}\n}}\n")).expect("a file");
        path
    }

    fn read(&self) -> Result<Config, Error> {
        Config::read_as(self.configuration(), Reading::Manticore)
    }

    /// Errors without the file's name, which all of them have.
    fn errors(&self) -> Vec<String> {
        let Err(Error::Config(diagnostics)) = self.read() else { panic!("it is refused") };
        let file = self.0.join("manticore.json").display().to_string();
        assert!(diagnostics.iter().all(|diagnostic| diagnostic.file == file), "{diagnostics:?}");
        lines(&diagnostics)
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Agents of an index as its configuration writes them.
fn agents(config: &Config, index: &str) -> Vec<String> {
    config.index(index).expect(index).agents.iter().map(ToString::to_string).collect()
}

#[test]
fn tables_of_a_data_dir_are_read() {
    let folder = DataDir::new(
        "rt_tables",
        br#"{
  "clusters": {"c": {"nodes": ""}},
  "indexes": {
    "t": {"type": "rt", "path": "t", "odd": [{"a": 1}, "b\n"]},
    "docs": {
      "type": "distributed",
      "locals": ["t"],
      "agents": [
        {"config": "box1:9312|box2:9312:shard1", "blackhole": false, "persistent": false},
        {"config": "box3:9312:shard2", "blackhole": false, "persistent": true},
        "box4:9312"
      ],
      "agent_connect_timeout": 250,
      "agent_query_timeout": "700",
      "ha_strategy": "nodeads"
    },
    "plain": {"type": "distributed", "local": "t", "path": "plain"}
  }
}"#,
    );
    for reading in [Reading::Strict, Reading::Manticore] {
        let config = Config::read_as(folder.configuration(), reading).expect("a configuration");
        let names: Vec<&str> = config.indexes.iter().map(|index| index.name.as_str()).collect();
        assert_eq!(names, ["docs", "plain"]);
        let docs = config.index("docs").expect("an index");
        assert_eq!(docs.locals, ["t"]);
        let mirrors: Vec<Vec<String>> = docs
            .agents
            .iter()
            .map(|agent| agent.mirrors.iter().map(|mirror| mirror.to_string()).collect())
            .collect();
        let expected = [
            vec!["box1:9312:shard1", "box2:9312:shard1"],
            vec!["box4:9312:docs"],
            vec!["box3:9312:shard2"],
        ];
        assert_eq!(mirrors, expected);
        assert_eq!(docs.calls.agent_connect_timeout, Some(Duration::from_millis(250)));
        assert_eq!(docs.calls.agent_query_timeout, Some(Duration::from_millis(700)));
        assert_eq!(docs.ha_strategy, Some(HaStrategy::NoDeads));
    }
}

#[test]
fn what_is_not_read_of_a_table_is_told() {
    let tables = "{\"indexes\":{\"d\":{\"type\":\"distributed\",\n\"new_thing\":1,\
                  \"agents\":[{\"line\":\"h:1:t\",\"weight\":3}]}}}";
    let folder = DataDir::new("rt_unread", tables.as_bytes());
    let config = folder.read().expect("a configuration");
    let expected = [
        "2:2 'new_thing': a property of a distributed table is expected; it is not read",
        "2:42 'weight': a flag of an agent is expected; it is not read",
    ];
    assert_eq!(lines(&config.warnings), expected);
    let rendered = config.warnings[0].rendered();
    let line = rendered.lines().nth(1).expect("the line of the file");
    assert!(line.contains("\"new_thing\":1"), "{rendered}");

    let text = format!("searchd {{\n data_dir = {}\n}}\n", folder.0.display());
    let config = parse(&text);
    assert_eq!(config.indexes, []);
    let told = lines(&config.warnings);
    assert!(told.len() == 1 && told[0].contains("are not read with a text"), "{told:?}");
    let relative = folder.0.join("relative.conf");
    fs::write(&relative, "searchd {\n data_dir = data\n}\n").expect("a file");
    let told = lines(&Config::read(&relative).expect("a configuration").warnings);
    let expected = "2:13 'data': an absolute path is expected; tables in its manticore.json are \
                    not read";
    assert_eq!(told, [expected]);
    fs::remove_file(folder.0.join("manticore.json")).expect("it is there");
    let told = lines(&folder.read().expect("a configuration").warnings);
    assert!(told.len() == 1 && told[0].ends_with("there are no tables"), "{told:?}");
}

#[test]
fn faults_of_tables_have_their_place() {
    let head = "{\"indexes\":{\"d\":{\"type\":\"distributed\",\n";
    let cases = [
        (
            "[]",
            "1:1 '': an object of JSON with tables is expected: invalid type: sequence, \
                expected an object",
        ),
        (
            "{\"indexes\":\n  {,",
            "2:4 '': an object of JSON with tables is expected: key must be a \
                                 string",
        ),
        ("{\"indexes\":[1]}", "1:12 '[1]': an object of tables is expected"),
        (
            "{\"indexes\":{\"d\":\n7}}",
            "2:1 '7': an object with the table's properties is expected",
        ),
        ("{\"indexes\":{ \"a b\":{}}}", "1:15 'a b': the name of a table is expected"),
    ];
    for (text, expected) in cases {
        let folder = DataDir::new("rt_faults", text.as_bytes());
        assert_eq!(folder.errors(), [expected], "{text}");
    }
    let properties = [
        ("\"agents\":[\"h:0:t\"]", "2:14 '0': a port from 1 to 65535 is expected"),
        (
            "\"agents\":[{\"a\":\"h:1:t\",\"b\":\"h:2:t\"}]",
            "2:11 '{\"a\":\"h:1:t\",\"b\":\"h:2:t\"}': \
          an object with one text, the agent's line, is expected",
        ),
        ("\"local\":\"a\\nb\"", "2:10 'a\nb': a text without control characters is expected"),
    ];
    for (property, expected) in properties {
        let text = format!("{head}{property}}}}}}}");
        let folder = DataDir::new("rt_faults", text.as_bytes());
        let Err(Error::Config(diagnostics)) = Config::read(folder.configuration()) else {
            panic!("{property} is refused");
        };
        assert_eq!(lines(&diagnostics)[0], expected, "{property}");
    }
    let folder = DataDir::new("rt_faults", b"{\n\"a\":\"\xff\"}");
    assert_eq!(folder.errors(), ["2:1 '': UTF-8 is expected"]);
}

#[test]
fn statements_of_tables_are_read() {
    let text = "CREATE TABLE docs type='distributed' local='t' \
                agent='box1:9312|box2:9312:shard1[ha_strategy=nodeads]' \
                agent_persistent='box3:9312:shard2' agent_query_timeout='700' \
                ha_strategy='random';\n\
                create table if not exists `d2` (title text, tag string) type = 'distributed', \
                agent = \"box1:9312\"";
    let config = parse(text);
    assert_eq!(config.warnings, []);
    assert_eq!(agents(&config, "docs").len(), 2);
    let docs = config.index("docs").expect("an index");
    assert_eq!(docs.locals, ["t"]);
    assert!(docs.agents.iter().any(|agent| agent.persistent));
    assert_eq!(docs.agents[0].ha_strategy, Some(HaStrategy::NoDeads));
    assert_eq!(docs.ha_strategy, Some(HaStrategy::Random));
    assert_eq!(docs.calls.agent_query_timeout, Some(Duration::from_millis(700)));
    assert_eq!(config.index("d2").expect("an index").agents[0].mirrors[0].index_list, "d2");
}

#[test]
fn what_is_not_read_of_a_statement_is_told() {
    let warnings = |text: &str| lines(&parse(text).warnings);
    let told = warnings(
        "CREATE TABLE t (title text) min_infix_len='2';\ncreate table d \
                         type='distributed' agent='h:1:t' foo='1'",
    );
    let expected = [
        "1:14 't': a distributed table is expected; this one is not read",
        "2:49 'foo': a property of a distributed table is expected; it is not read",
    ];
    assert_eq!(told, expected);
    let cases = [
        ("create index d", "1:8 'index': CREATE TABLE is expected"),
        ("create table", "1:13 '': the name of a table is expected"),
        ("create table d (a text", "1:23 '': the ')' behind the columns is expected"),
        ("create table d type", "1:20 '': '=' and a value are expected"),
        ("create table d\n type='dis", "2:11 '': the closing quote of the value is expected"),
        (
            "create table d type='distributed' agent='h:0:t'",
            "1:44 '0': a port from 1 to 65535 is \
                                                            expected",
        ),
        ("create table `a b` type='distributed'", "1:15 'a b': the name of a table is expected"),
    ];
    for (text, expected) in cases {
        assert_eq!(errors(text)[0], expected, "{text}");
    }
}

#[test]
fn a_table_may_be_called_if() {
    for text in [
        "create table `if` type='distributed' agent='h:1:t'",
        "create table if not exists `if` type='distributed' agent='h:1:t'",
    ] {
        assert_eq!(agents(&parse(text), "if").len(), 1, "{text}");
    }
}

#[test]
fn behind_a_fault_the_next_statement_begins_outside_of_quotes() {
    let wrong = "create table d type distributed agent='h:1:t;drop `' foo=\"it's;\"";
    let text = format!("{wrong}; create index e '; x'; create table f type='distributed' x");
    let expected = [
        "1:21 'distributed': '=' and a value are expected",
        "1:74 'index': CREATE TABLE is expected",
        "1:124 '': '=' and a value are expected",
    ];
    assert_eq!(errors(&text), expected);
}

proptest! {
    /// Whatever a file or a statement holds, it is read or refused.
    #[test]
    fn no_text_does_harm(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
        noise in "\\PC{0,8}",
    ) {
        let text = pieces.concat() + &noise;
        let _ = Config::parse(&format!("create {text}"), "s");
        let folder = DataDir::new("rt_noise", text.as_bytes());
        let _ = folder.read();
        let quoted = format!("{{\"indexes\":{{\"d\":{{\"type\":\"distributed\",{text}}}}}}}");
        let folder = DataDir::new("rt_noise", quoted.as_bytes());
        let _ = folder.read();
    }
}

const PIECES: &[&str] = &[
    "table ",
    "d ",
    "type",
    "=",
    "'distributed'",
    "agent",
    "'h:1:t'",
    "\"",
    "'",
    "\\",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"agents\"",
    "\"h:1\"",
    "\"type\":\"rt\"",
    "\n",
    ";",
    "1",
];

/// A megabyte of tables takes a moment: no place of the text is looked for from its beginning.
#[test]
fn places_of_a_long_line_are_found_in_one_go() {
    let agent = "{\"c\":\"h:0:t\",\"w\":1},";
    let text = format!(
        "{{\"indexes\":{{\"d\":{{\"type\":\"distributed\",\"agents\":[{}\"h:1:t\"]}}}}}}",
        agent.repeat(50_000)
    );
    let folder = DataDir::new("rt_long", text.as_bytes());
    let config = folder.read().expect("a table that is not served");
    assert_eq!(config.indexes, []);
    assert!(!config.warnings.is_empty());
}
