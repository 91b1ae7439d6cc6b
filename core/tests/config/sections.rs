//! Sections, comments, continuation, inheritance: as searchd 2.2.11 was seen to read them.

use hamirror::config::{Config, Reading};

use crate::{errors, lines, parse, warnings};

/// Canonical agents of index `d`.
fn agents(text: &str) -> Vec<String> {
    let config = parse(text);
    let index = config.index("d").unwrap_or_else(|| panic!("no index d in {text}"));
    index.agents.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_configuration() {
    let text = "\
# every kind of section
source s
{
	type			= mysql
	sql_query		= \\
		SELECT id, '{' FROM t \\
		WHERE a = 1 } # not the end
	sql_attr_uint		= gid
}
source t : s
{
	sql_attr_uint		=
}
common { lemmatizer_base = /x
}
index plain
{
	type = plain
	source = s
	path = /var/x
}
index d
{
	type = distributed
	agent = a:1:x
	agent = b:2:y # the second
	agent_connect_timeout = 100
}
indexer
{
	mem_limit = 128M
}
searchd
{
	listen = 9312
	agent_query_timeout = 5000
	unknown_to_us = 1
}
";
    let config = parse(text);
    assert_eq!(config.warnings, []);
    assert_eq!(config.indexes.len(), 1);
    assert_eq!(agents(text), ["a:1:x", "b:2:y"]);
    assert_eq!(config.searchd.calls.agent_query_timeout.map(|time| time.as_millis()), Some(5_000));
}

#[test]
fn layouts_that_searchd_takes() {
    for text in [
        "index d {\n type=distributed\n agent=h:1:x\n}",
        "index d{type=distributed\nagent=h:1:x\n}",
        "index\nd\n\n{\n type\n= distributed   \n agent = h:1:x\n}\n",
        "index\td\t{\n\ttype\t=\tdistributed\t\n\tagent\t=\th:1:x\t\n}\t# end\n",
        "index d { # open\n type = distributed # kind\n agent = h:1:x# glued\n} # end",
        "index d {\r\n type = distributed\r\n agent = h:1:x\r\n}\r\n",
        "index d {\n type =\\\n distributed\n agent=\\\n  h:1:x\n}\n",
        "index d {\n type = distributed\n agent = h:1\\\n:x\n}\n",
        "index d {\n type = distributed\n agent = h:1:x\\\n\n}\n",
        "index d {\n type = distributed\n agent = h:1:x\\\n # comment\n}\n",
        "index d {\n # comment \\\n type = distributed\n agent = h:1:x\n}\n",
        "index d {\n type = distributed\n agent = h:1:x\n }index e : d {\n}\n",
        "index e {\n}\nindex d : e {\n type = distributed\n agent = h:1:x\n}\n",
    ] {
        assert_eq!(agents(text), ["h:1:x"], "{text}");
    }
}

#[test]
fn layouts_that_are_taken_here_only() {
    for text in [
        "\u{feff}index d {\n type=distributed\n agent=h:1:x\n}",
        "index d # comment\n# comment\n{\n type=distributed\n agent=h:1:x\n}",
        "table d {\n type=distributed\n agent=h:1:x\n}",
        "Index d {\n type=distributed\n agent=h:1:x\n}",
        "TABLE d {\n type=distributed\n agent=h:1:x\n}",
    ] {
        assert_eq!(agents(text), ["h:1:x"], "{text}");
    }
}

#[test]
fn inner_blanks_of_a_continued_value_are_kept() {
    let text = "index d {\n type=distributed\n agent=h:1:x,\\\n   y\n}\n";
    assert_eq!(agents(text), ["h:1:x,   y"]);
    assert_eq!(parse(text).indexes[0].agents[0].line, "h:1:x,   y");
}

#[test]
fn broken_texts() {
    let section = "a section is expected";
    let kinds = "a section is expected: source, index, table, indexer, searchd, common";
    for (text, error) in [
        ("}\n", "1:1 '}': a section is expected; no section is open here".to_owned()),
        ("\n  ;hello\n", format!("2:3 ';hello': {section}")),
        ("hello\n", format!("1:1 'hello': {kinds}")),
        ("INDEXES d {\n a = b\n}\n", format!("1:1 'INDEXES': {kinds}")),
        ("foo x : y {\n a = b\n}\n", format!("1:1 'foo': {kinds}")),
        ("foo\n{\n a = b\n}\n", format!("1:1 'foo': {kinds}")),
        ("search {\n a = b\n}\n", format!("1:1 'search': {kinds}")),
        ("index {\n a = b\n}\n", "1:7 '{': the section's name is expected".to_owned()),
        ("index 'a' {\n a = b\n}\n", "1:7 ''a'': the section's name is expected".to_owned()),
        ("index", "1:6 '': the section's name is expected".to_owned()),
        ("index é {\n}\n", "1:7 'é': the section's name is expected".to_owned()),
        ("index a : {\n}\n", "1:11 '{': the parent's name is expected".to_owned()),
        ("index a ; {\n}\n", "1:9 ';': '{' is expected".to_owned()),
        ("index a b {\n}\n", "1:9 'b': '{' is expected".to_owned()),
        ("index a", "1:8 '': '{' is expected".to_owned()),
        ("searchd foo {\n}\n", "1:9 'foo': '{' is expected".to_owned()),
        ("index a \\\n{\n}\n", "1:9 '\\': '{' is expected".to_owned()),
        ("index a {\n x 1\n}\n", "2:4 '1': '=' is expected after key 'x'".to_owned()),
        ("index a {\n x\n}\n", "3:1 '}': '=' is expected after key 'x'".to_owned()),
        ("index a {\n x }\n", "2:4 '}': '=' is expected after key 'x'".to_owned()),
        ("index a {\n ; foo\n}\n", "2:2 ';': a key or '}' is expected".to_owned()),
        ("index a {\n {\n}\n", "2:2 '{': a key or '}' is expected".to_owned()),
        (
            "index a {\n x = 1\nsearchd {\n}\n",
            "3:1 'searchd': the '}' of the section before it is expected, on its own line"
                .to_owned(),
        ),
        (
            "index a { x = 1 }\nindex b {\n}\n",
            "2:1 'index': the '}' of the section before it is expected, on its own line"
                .to_owned(),
        ),
        ("index a : a {\n}\n", PARENT.replace("N", "1:11 'a'")),
        ("index a : b {\n}\nindex b {\n}\n", PARENT.replace("N", "1:11 'b'")),
        (
            "index a {\n}\ntable a {\n}\n",
            "3:7 'a': a new name is expected; an index of this name stands before".to_owned(),
        ),
        ("searchd {\n}\nsearchd {\n}\n", "3:1 'searchd': one searchd section is expected".into()),
        (
            "#!/bin/sh\necho hi\n",
            "1:1 '#!/bin/sh': a configuration is expected; run the script and hand in what it \
             prints"
                .to_owned(),
        ),
        ("# x\nindex \0", "2:7 '\0': text is expected; a NUL byte stands here".to_owned()),
    ] {
        assert_eq!(errors(text), [error], "{text}");
    }
}

const PARENT: &str = "N: the name of an index above this one is expected";

#[test]
fn all_errors_come_in_one_go_in_the_order_of_the_text() {
    let text = "\
stray
index d {
 type = distributed
 agent = h:0:x
 agent h:1:x
 agent = h:2:x;
 agent_query_timeout = soon
}
index e {
 type = distributed
}
searchd {
 ha_period_karma = 0
 max_packet_size = 1
";
    assert_eq!(
        errors(text),
        [
            "1:1 'stray': a section is expected: source, index, table, indexer, searchd, common",
            "4:12 '0': a port from 1 to 65535 is expected",
            "5:8 'h:1:x': '=' is expected after key 'agent'",
            "6:15 ';': index names with ',' between them are expected",
            "7:24 'soon': a time is expected: digits, such as 500 or 500ms",
            "9:7 'e': an agent or local index is expected in the distributed index",
            "12:1 'searchd': the section's '}' is expected before the end of the text; it ends \
             there",
            "13:20 '0': a positive time is expected",
            "14:20 '1': a size from 128K to 128M is expected",
        ]
    );
}

const PARENT_INDEX: &str = "index a {\n type=distributed\n agent=h:1:x\n agent=h:2:x\n \
                            agent_persistent=h:3:x\n agent_connect_timeout=77\n}\n";

#[test]
fn a_child_inherits_each_key_that_it_does_not_give() {
    for (child, expected) in [
        ("", vec!["h:1:x", "h:2:x", "h:3:x[conn=persistent]"]),
        ("agent=h:9:y\n", vec!["h:9:y", "h:3:x[conn=persistent]"]),
        ("agent=h:9:y\nagent=h:8\n", vec!["h:9:y", "h:8:d", "h:3:x[conn=persistent]"]),
        ("agent_persistent=h:9:y\n", vec!["h:1:x", "h:2:x", "h:9:y[conn=persistent]"]),
        (
            "agent_blackhole=h:9:y\n",
            vec!["h:1:x", "h:2:x", "h:3:x[conn=persistent]", "h:9:y[blackhole=1]"],
        ),
    ] {
        let text = format!("{PARENT_INDEX}index d : a {{\n{child}}}\n");
        assert_eq!(agents(&text), expected, "{child}");
        let timeout = parse(&text).indexes[1].calls.agent_connect_timeout;
        assert_eq!(timeout.map(|time| time.as_millis()), Some(77), "{child}");
    }
}

#[test]
fn inheritance_goes_over_generations() {
    let text = format!("{PARENT_INDEX}index c:a {{\nagent=h:8:z\n}}\nindex d :c {{\n}}\n");
    assert_eq!(agents(&text), ["h:8:z", "h:3:x[conn=persistent]"]);
}

#[test]
fn a_mirror_without_list_takes_the_name_of_the_child() {
    let text = "index a {\n type=distributed\n agent=h:1\n}\nindex d : a {\n}\n";
    assert_eq!(agents(text), ["h:1:d"]);
}

#[test]
fn a_child_may_stop_to_be_distributed() {
    let text = format!("{PARENT_INDEX}index b : a {{\n type = plain\n}}\n");
    let config = parse(&text);
    assert_eq!(config.indexes.len(), 1);
    assert_eq!(config.warnings, []);
}

#[test]
fn a_child_of_a_missing_parent_is_told_once() {
    let text = "index b : a {\n type = distributed\n}\nindex c : b {\n}\n";
    assert_eq!(errors(text), ["1:11 'a': the name of an index above this one is expected"]);
}

#[test]
fn type_is_read_exactly() {
    let text = "index d {\n type = Distributed\n agent = h:1:x\n}\n";
    assert_eq!(errors(text), ["2:9 'Distributed': 'distributed' is expected, in small letters"]);
    let text = "index d {\n type = plain\n agent = h:1:x\n}\n";
    let expected = "3:2 'agent': 'type = distributed' is expected in an index with agents; the \
                    index is ignored";
    assert_eq!(warnings(text), [expected]);
    assert_eq!(parse(text).indexes.len(), 0);
}

#[test]
fn keys_in_other_letters_are_warned_of() {
    let small = |key| format!("'{key}' is expected, in small letters; it is ignored");
    let distributed = "'type = distributed' is expected in an index with agents; the index is \
                       ignored";
    for (keys, expected) in [
        (
            "Type = distributed\nAgent = h:1:x",
            vec![
                format!("2:1 'Type': {}", small("type")),
                format!("3:1 'Agent': {}", small("agent")),
            ],
        ),
        (
            "TYPE = distributed\nagent = h:1:x",
            vec![format!("2:1 'TYPE': {}", small("type")), format!("3:1 'agent': {distributed}")],
        ),
        (
            "path = /x\nAgent_Blackhole = h:1:x",
            vec![format!("3:1 'Agent_Blackhole': {}", small("agent_blackhole"))],
        ),
        ("path = /x\nlocal = y\nPath = /y", vec![]),
    ] {
        let stored = "index s {\npath = /s\n}\nsearchd {\npid_file = /x\n}\n";
        let text = format!("index d {{\n{keys}\n}}\n{stored}");
        for reading in [Reading::Strict, Reading::Sphinx, Reading::Manticore] {
            let config = Config::parse_as(&text, "c.conf", reading).expect(keys);
            assert_eq!(lines(&config.warnings), expected, "{keys} {reading:?}");
        }
    }
}

/// Both daemons take such a text, and lose what is not complete.
#[test]
fn a_text_may_end_within_its_last_section() {
    let end = "the section's '}' is expected before the end of the text; it ends there";
    let lost = "the end of the line is expected after it; the value is lost";
    let key = "'=' is expected after it; the key is lost";
    let head = "index d {\n type = distributed\n agent = h:1:x\n";
    for (tail, agents, warnings) in [
        ("", vec!["h:1:x"], vec![]),
        (" # end", vec!["h:1:x"], vec![]),
        (" agent = h:2:y # end", vec!["h:1:x", "h:2:y"], vec![]),
        (" agent = h:2:y\n\n", vec!["h:1:x", "h:2:y"], vec![]),
        (" agent = h:2:y", vec!["h:1:x"], vec![format!("4:10 'h:2:y': {lost}")]),
        (" agent = h:2:y }", vec!["h:1:x"], vec![format!("4:10 'h:2:y }}': {lost}")]),
        (" agent = h:2:y\\\n", vec!["h:1:x"], vec![format!("4:10 'h:2:y': {lost}")]),
        (" agent =", vec!["h:1:x"], vec![format!("4:9 '': {lost}")]),
        (" agent\n ", vec!["h:1:x"], vec![format!("4:2 'agent': {key}")]),
        (" age", vec!["h:1:x"], vec![format!("4:2 'age': {key}")]),
    ] {
        let text = format!("searchd {{\n pid_file = /x\n}} {head}{tail}");
        let expected: Vec<_> = [format!("3:3 'index': {end}")]
            .into_iter()
            .chain(warnings.iter().map(|warning| warning.replacen('4', "6", 1)))
            .collect();
        for reading in [Reading::Strict, Reading::Sphinx, Reading::Manticore] {
            let config = Config::parse_as(&text, "c.conf", reading).expect(tail);
            let read: Vec<_> = config.indexes[0].agents.iter().map(ToString::to_string).collect();
            assert_eq!(read, agents, "{tail} {reading:?}");
            assert_eq!(lines(&config.warnings), expected, "{tail} {reading:?}");
        }
    }
    let text = "index d {\n type = distributed\n agent = h:1:x }";
    let empty = "1:7 'd': an agent or local index is expected in the distributed index";
    assert_eq!(
        errors(text),
        [format!("1:1 'index': {end}"), empty.to_owned(), format!("3:10 'h:1:x }}': {lost}")]
    );
}

#[test]
fn unused_keys_of_a_distributed_index_are_warned_of() {
    let text = "index d {\n type = distributed\n agent = h:1:x\n AGENT = h:2:x\n path = /x\n \
                divide_remote_ranges = 1\n}\n";
    assert_eq!(
        warnings(text),
        [
            "4:2 'AGENT': a key of a distributed index is expected; it is ignored",
            "5:2 'path': a key of a distributed index is expected; it is ignored",
            "6:25 '1': 0 is expected; ranges are not divided",
        ]
    );
}

#[test]
fn locals_are_named() {
    let text = "index d {\n type = distributed\n local = l1, l2\n local = l3\n local =\n}\n";
    let config = parse(text);
    assert_eq!(config.indexes[0].locals, ["l1", "l2", "l3"]);
    assert_eq!(
        warnings(text),
        ["5:9 '': a name of a local index is expected; the line is ignored"],
        "the program searches them: a result says which are left"
    );
    let text = "index d {\n type = distributed\n local = a;b\n}\n";
    assert_eq!(errors(text), ["3:11 ';b': a name of a local index is expected"]);
}

#[test]
fn index_names_are_case_sensitive_and_keep_the_order_of_the_text() {
    let index = |name| format!("index {name} {{\n type=distributed\n agent=h:1:x\n}}\n");
    let text: String = ["b", "B", "a-1", "_x", "9y", "a.b"].map(index).concat();
    let config = parse(&text);
    let names: Vec<_> = config.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(names, ["b", "B", "a-1", "_x", "9y", "a.b"]);
    assert!(config.index("B").is_some() && config.index("A-1").is_none());
}
