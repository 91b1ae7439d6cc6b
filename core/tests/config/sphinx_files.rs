//! Files that searchd 2.2.11 does not start with, and what of them it takes.

use hamirror::config::{Config, Reading};

use crate::lines;

const INDEX: &str = "index d {\ntype = distributed\nagent = h:1:t\n}\n";
const SEARCHD: &str = "searchd {\npid_file = /x\n}\n";

/// Errors of the text, by the rules of Sphinx.
fn errors(text: &str) -> Vec<String> {
    match Config::parse_as(text, "c.conf", Reading::Sphinx) {
        Err(hamirror::Error::Config(diagnostics)) => lines(&diagnostics),
        other => panic!("{other:?}\n{text}"),
    }
}

/// Warnings of a text whose index `d` is served.
fn warnings(text: &str) -> Vec<String> {
    let config = Config::parse_as(text, "c.conf", Reading::Sphinx)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(config.index("d").map(|index| index.agents.len()), Some(1), "{text}");
    lines(&config.warnings)
}

#[test]
fn sections_that_it_does_not_take() {
    let brace = "'{' is expected";
    let new = "a new name is expected; a section of this name stands before";
    let above = "the name of a source above this one is expected";
    let key = "unknown key name";
    for (section, error) in [
        ("index e # c\n{\n}\n", format!("5:9 '#': {brace}")),
        ("index e\n# c\n{\n}\n", format!("6:1 '#': {brace}")),
        ("index e # c\n: d {\n}\n", format!("5:9 '#': {brace}")),
        ("index e : # c\nd {\n}\n", "5:11 '#': the parent's name is expected".to_owned()),
        ("source s {\n}\nsource s {\n}\n", format!("7:8 's': {new}")),
        ("source s : nope {\n}\n", format!("5:12 'nope': {above}")),
        ("source s : t {\n}\nsource t {\n}\n", format!("5:12 't': {above}")),
        ("source s {\nfoo = 1\n}\n", format!("6:1 'foo': {key}")),
        ("indexer {\nfoo = 1\n}\n", format!("6:1 'foo': {key}")),
        ("common {\nfoo = 1\n}\n", format!("6:1 'foo': {key}")),
        ("indexer {\n}\nindexer {\n}\n", format!("7:1 'indexer': {new}")),
        ("Index i {\ntype = rt\n}\n", "5:1 'Index': 'index' is expected".to_owned()),
        (
            "index a {\npath = /x\n}\nindex b : a {\n}\n",
            "8:7 'b': a path of its own is expected; index 'a' has the same".to_owned(),
        ),
    ] {
        let text = format!("{INDEX}{section}{SEARCHD}");
        assert_eq!(errors(&text), [error], "{section}");
        Config::parse(&text, "c.conf").expect(section);
    }
}

#[test]
fn sections_that_it_takes() {
    for (section, expected) in [
        ("searchd # c\n", ""),
        ("index # c\n e : d # c\n {\n}\n", ""),
        ("source s : s {\n}\n", ""),
        ("index i : i {\n}\n", ""),
        ("source d {\n}\nindexer {\nmem_limit = 1M\n}\ncommon {\n}\n", ""),
        ("source s {\nTYPE = mysql\n}\nsource t : s {\n}\n", ""),
        ("Foo", "5:1 'Foo': a section is expected: source, index, indexer, searchd, common"),
        ("index", "5:6 '': the section's name is expected"),
        ("index x", "5:8 '': '{' is expected"),
        ("source x : \n", "6:1 '': the parent's name is expected"),
        ("Index i {\n}\n", "5:1 'Index': 'index' is expected; the empty section is passed over"),
    ] {
        let rest = SEARCHD.strip_prefix("searchd").unwrap_or(SEARCHD);
        let text = match section.strip_prefix("searchd") {
            Some(comment) => format!("{INDEX}searchd{comment}{rest}"),
            None => format!("{INDEX}{SEARCHD}{section}"),
        };
        // Of the warnings, those that stand behind the searchd section.
        let place = expected.replacen(char::is_numeric, "", 1);
        let told = warnings(&text);
        assert_eq!(told.len(), usize::from(!expected.is_empty()), "{section}: {told:?}");
        assert!(told.iter().all(|told| told.ends_with(&place)), "{section}: {told:?}");
    }
}

#[test]
fn texts_that_it_does_not_take() {
    let text = format!("{INDEX}{SEARCHD}");
    assert_eq!(warnings(&text), [""; 0]);
    let served = "0:0 'its indexes': one that is served is expected";
    assert_eq!(errors(SEARCHD), [served]);
    let port = "3:12 ':t': invalid port number; the agent is skipped";
    let agent = "1:7 'd': a valid agent or local index is expected; the index is not served";
    assert_eq!(errors(&text.replace(":1:", ":0:")), [served, agent, port]);
    let mark = "1:1 '': no byte order mark is expected before it";
    assert_eq!(errors(&format!("\u{feff}{text}")), [mark]);
    assert_eq!(errors(INDEX), ["0:0 'searchd': a section of that name is expected"]);
    let comment = |length: usize| format!("{text}#{}", "x".repeat(length - 1));
    assert_eq!(warnings(&comment(8_190)), [""; 0]);
    let error = errors(&comment(8_191));
    assert_eq!(error.len(), 1);
    assert!(error[0].starts_with("8:1 '#xx"), "{error:?}");
    assert!(error[0].ends_with("...': a line of at most 8190 bytes is expected"), "{error:?}");
    let continued = text.replace(":t", &format!(":{}", vec!["t".repeat(8_000); 3].join("\\\n")));
    assert_eq!(warnings(&continued), [""; 0], "the limit is one of lines, not of values");
    let named = |length| text.replacen(" d ", &format!(" {} ", "d".repeat(length)), 1);
    assert!(Config::parse_as(&named(63), "c.conf", Reading::Sphinx).is_ok());
    let error = format!("1:7 '{}': at most 63 letters are expected", "d".repeat(64));
    assert_eq!(errors(&named(64)), [error]);
    for reading in [Reading::Strict, Reading::Manticore] {
        for text in [format!("\u{feff}{text}"), comment(8_191), named(64), INDEX.to_owned()] {
            Config::parse_as(&text, "c.conf", reading).expect("a configuration");
        }
    }
}

#[test]
fn settings_that_it_does_not_take() {
    let workers = "none, fork, prefork, threads is expected";
    let filters = "a count from 1 to 10240 is expected";
    for (line, error) in [
        ("workers = thread_pool", format!("6:11 'thread_pool': {workers}")),
        ("workers = THREADS", format!("6:11 'THREADS': {workers}")),
        ("workers =", format!("6:10 '': {workers}")),
        ("binlog_flush = 3", "6:16 '3': 0, 1 or 2 is expected".to_owned()),
        ("query_log =", "6:12 '': a path is expected".to_owned()),
        ("max_filters = 0", format!("6:15 '0': {filters}")),
        ("max_filters = x", format!("6:15 'x': {filters}")),
        (
            "max_filter_values = 10485761",
            "6:21 '10485761': a count from 1 to 10485760 is expected".to_owned(),
        ),
    ] {
        let text = format!("{INDEX}{}", SEARCHD.replace("pid", &format!("{line}\npid")));
        assert_eq!(errors(&text), [error], "{line}");
    }
    for line in ["workers = prefork", "binlog_flush = x", "Workers = thread_pool", "max_filters=7"]
    {
        let text = format!("{INDEX}{}", SEARCHD.replace("pid", &format!("{line}\npid")));
        assert_eq!(warnings(&text), [""; 0], "{line}");
    }
    let text = format!("{INDEX}{}", SEARCHD.replace("pid_file", "PID_FILE"));
    assert_eq!(errors(&text), ["5:1 'searchd': key 'pid_file' is expected in it"]);
    let text = format!("{INDEX}{}", SEARCHD.replace("/x", ""));
    assert_eq!(errors(&text), ["6:12 '': a path is expected"]);
}

/// A local index counts if it stands above and is served, as far as the text tells.
#[test]
fn local_indexes_that_it_takes() {
    let local = "index d {\ntype = distributed\nagent = h:1:t\nlocal = p\n}\n";
    let rt = "type = rt\nrt_field = f\nrt_attr_uint = a\npath = /x";
    let index = |keys: &str| format!("index p {{\n{keys}\n}}\n");
    for (before, after, is_known) in [
        (index("path = /x"), "", true),
        (index("type = plain\npath = /x"), "", true),
        (index(rt), "", true),
        (index(rt).replace(" p ", " q ") + "index p : q {\npath = /y\n}\n", "", true),
        (String::new(), &*index("path = /x"), false),
        (index("source = s"), "", false),
        (index("type = distributed\nagent = h:2:t"), "", false),
        (index("type = template\npath = /x"), "", false),
        (index("type = RT\npath = /x"), "", false),
        (index("type = percolate\npath = /x"), "", false),
        (index(&rt.replace("path", "Path")), "", false),
        (index(&rt.replace("rt_field = f", "")), "", false),
        (index(&rt.replace("rt_attr_uint = a", "")), "", false),
    ] {
        let stored = "index s {\npath = /s\n}\n";
        let text = format!("{before}{local}{after}{stored}{SEARCHD}");
        let config = Config::parse_as(&text, "c.conf", Reading::Sphinx).expect(&text);
        let index = config.index("d").expect("an index");
        assert_eq!(index.locals.len(), usize::from(is_known), "{text}");
        let told = lines(&config.warnings);
        let missing = "'p': no such local index is served and stands above: p; it is skipped";
        assert_eq!(told.iter().any(|told| told.ends_with(missing)), !is_known, "{told:?}");
        let without = text.replace("agent = h:1:t\n", "");
        let config = Config::parse_as(&without, "c.conf", Reading::Sphinx).expect(&text);
        assert_eq!(config.index("d").is_some(), is_known, "{without}");
    }
}
