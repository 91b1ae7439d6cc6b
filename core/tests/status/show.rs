//! SHOW statements: which are taken, and what they mean (all as searchd 2.2.11 takes them).

use hamirror::Error;
use hamirror::status::{Flavour, Show, ShowTarget};

#[test]
fn statements_are_read() {
    let named = |name: &str| Show::new(ShowTarget::Named(name.to_owned()));
    let table = [
        ("SHOW AGENT STATUS", Show::new(ShowTarget::Hosts)),
        ("show agent status;", Show::new(ShowTarget::Hosts)),
        ("SHOW AGENT '' STATUS", Show::new(ShowTarget::Hosts)),
        ("SHOW AGENT STATUS LIKE ''", Show::new(ShowTarget::Hosts)),
        ("SHOW AGENT STATUS LIKE '%x_'", Show::new(ShowTarget::Hosts).like("%x_")),
        ("  SHOW\tAGENT\n'h:1'\r\nSTATUS ; ", named("h:1")),
        ("SHOW AGENT d2 STATUS", named("d2")),
        ("SHOW AGENT D2 STATUS LIKE '%id'", named("D2").like("%id")),
        ("SHOW AGENT `D2` STATUS", named("D2")),
        ("SHOW AGENT status STATUS", named("status")),
        ("SHOW AGENT '/tmp/a b.sock' STATUS", named("/tmp/a b.sock")),
        (r"SHOW AGENT 'a\tb\rc\0d\be\Zf\%g\'h\\' STATUS", named("a\tb\rc0d\x08eZf%g'h\\")),
        ("/* a */SHOW /* x */ AGENT 'nope'STATUS /* y */", named("nope")),
        ("SHOW STATUS", Show::new(ShowTarget::Counters)),
        (r"SHOW STATUS LIKE 'ag\_d2%'", Show::new(ShowTarget::Counters).like("ag_d2%")),
    ];
    for (statement, expected) in table {
        assert_eq!(Show::parse(statement).unwrap(), expected, "{statement}");
    }
}

#[test]
fn other_texts_are_refused_with_what_was_expected() {
    let table = [
        ("", "SHOW expected instead of its end"),
        ("SELECT 1", "SHOW expected instead of 'SELECT'"),
        ("SHOW", "AGENT or STATUS expected instead of its end"),
        ("SHOW AGENTS STATUS", "AGENT or STATUS expected instead of 'AGENTS'"),
        ("SHOW META", "AGENT or STATUS expected instead of 'META'"),
        ("SHOW AGENT", "a name or STATUS expected instead of its end"),
        ("SHOW AGENT 'D2'", "STATUS expected instead of its end"),
        ("SHOW AGENT \"D2\" STATUS", "a name or STATUS expected instead of '\"'"),
        ("SHOW AGENT 127.0.0.1 STATUS", "a name or STATUS expected instead of '1'"),
        ("SHOW AGENT d2.x STATUS", "STATUS expected instead of '.'"),
        ("SHOW AGENT 'nope STATUS", "no closing '"),
        ("SHOW AGENT 'nope\\", "no closing '"),
        ("SHOW /* AGENT STATUS", "no closing */"),
        ("SHOW AGENT 'n' STATUS LIKE", "a quoted pattern expected instead of its end"),
        ("SHOW AGENT 'n' STATUS LIKE x", "a quoted pattern expected instead of 'x'"),
        ("SHOW AGENT 'n' STATUS LIKE `x`", "a quoted pattern expected instead of 'x'"),
        ("SHOW AGENT 'n' STATUS LIKE 'x' y", "LIKE or the end expected instead of 'y'"),
        ("SHOW AGENT 'n' STATUS ;;", "LIKE or the end expected instead of ';'"),
        ("SHOW STATUS STATUS", "LIKE or the end expected instead of 'STATUS'"),
    ];
    for (statement, expected) in table {
        let Err(Error::Request(text)) = Show::parse(statement) else {
            panic!("{statement} was taken");
        };
        assert!(text.contains(expected), "{statement}: {text}");
        assert!(text.contains(statement) && text.contains("; write SHOW AGENT"), "{text}");
    }
}

#[test]
fn a_long_statement_is_quoted_in_part() {
    let statement = format!("SHOW AGENT '{}", "ä".repeat(100_000));
    let text = Show::parse(&statement).unwrap_err().to_string();
    assert!(text.len() < 400, "{} bytes", text.len());
}

#[test]
fn columns_have_the_daemons_names() {
    let columns = |statement: &str| Show::parse(statement).unwrap().columns();
    assert_eq!(columns("SHOW AGENT STATUS"), ["Key", "Value"]);
    assert_eq!(columns("SHOW AGENT 'x' STATUS"), ["Variable_name", "Value"]);
    assert_eq!(columns("SHOW STATUS"), ["Counter", "Value"]);
    let manticore = Show::parse("SHOW STATUS").unwrap().flavour(Flavour::Manticore);
    assert_eq!(manticore.flavour, Flavour::Manticore);
}
