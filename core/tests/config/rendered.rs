//! Faults as people read them: the line, and a caret below the place.

use hamirror::config::{Config, ConfigBuilder, Reading};
use hamirror::{Diagnostic, Error};

fn diagnostics(text: &str) -> Vec<Diagnostic> {
    match Config::parse(text, "c.conf") {
        Err(Error::Config(diagnostics)) => diagnostics,
        other => panic!("{other:?}"),
    }
}

/// The character above the caret.
fn pointed_at(rendered: &str) -> Option<char> {
    let lines: Vec<&str> = rendered.lines().collect();
    let [_, line, caret] = lines[..] else { panic!("{rendered}") };
    assert_eq!(caret.trim_start(), "^");
    line.chars().nth(caret.chars().count() - 1)
}

#[test]
fn errors_show_the_line_with_a_caret() {
    let text = "index d {\n\ttype = distributed\r\n\tagent\t= é:1:t # no name\r\n\
                agent_query_timeout = soon\n}\n";
    let error = Config::parse(text, "c.conf").unwrap_err().to_string();
    let expected = "\
c.conf:3:10: 'é:1:t': a host name, an address or a socket path is expected
     agent = é:1:t # no name
             ^
c.conf:4:23: 'soon': a time is expected: digits, such as 500 or 500ms
    agent_query_timeout = soon
                          ^";
    assert_eq!(error, expected);
    let first = &diagnostics(text)[0];
    assert_eq!((first.line, first.column, first.text.as_str()), (3, 10, "é:1:t"));
    let message = "c.conf:3:10: 'é:1:t': a host name, an address or a socket path is expected";
    assert_eq!(first.to_string(), message);
}

#[test]
fn every_caret_stands_below_its_place() {
    let long = format!("{}|b:0:t|{}", ["a:1"; 200].join("|"), ["c:3"; 200].join("|"));
    for (value, letter) in [
        (";", ';'),
        ("h:1:t;", ';'),
        ("h:1:\u{7}é;", ' '),
        ("\t h:1 \\\n  | b:x y:t", ':'),
        (long.as_str(), '0'),
        ("", ' '),
    ] {
        let text = format!("index d {{\ntype = distributed\nagent = {value}\n}}\n");
        for diagnostic in diagnostics(&text) {
            let rendered = diagnostic.rendered();
            assert!(rendered.lines().all(|line| line.len() < 200), "{rendered}");
            let pointed = pointed_at(&rendered);
            let first = diagnostic.text.chars().next().filter(|letter| !letter.is_control());
            assert_eq!(pointed.unwrap_or(' '), first.unwrap_or(' '), "{rendered}");
            if !value.is_empty() {
                assert_eq!(pointed.unwrap_or(' '), letter, "{rendered}");
            }
        }
    }
}

#[test]
fn values_that_a_program_set_are_shown_as_they_are() {
    let mut builder = ConfigBuilder::new();
    let error = builder.set("d", "agent", "a:1|b:0:t").build().unwrap_err().to_string();
    let expected = "set(\"d\", \"agent\"), column 7: '0': a port from 1 to 65535 is expected
    a:1|b:0:t
          ^";
    assert_eq!(error, expected);
}

#[test]
fn what_has_no_line_shows_none() {
    let text = "#".repeat(9 << 20);
    let diagnostics = diagnostics(&text);
    assert_eq!(diagnostics[0].rendered(), diagnostics[0].to_string());
}

#[test]
fn a_message_is_one_line_whatever_it_names() {
    let names = "\u{1}l, ".repeat(100);
    let text = format!("index d {{\n type = distributed\n agent = h:1:t\n local = {names}x\n}}\n");
    let searchd = "searchd {\n pid_file = /x\n}\n";
    let mut messages = Vec::new();
    for reading in [Reading::Strict, Reading::Sphinx, Reading::Manticore] {
        match Config::parse_as(&format!("{text}{searchd}"), "c.conf", reading) {
            Ok(config) => messages.extend(config.warnings),
            Err(Error::Config(faults)) => messages.extend(faults),
            Err(error) => panic!("{error}"),
        }
    }
    let messages: Vec<String> = messages.iter().map(ToString::to_string).collect();
    assert!(messages.iter().any(|message| message.contains("such local index")), "{messages:?}");
    for message in messages {
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(message.len() < 1_500, "{message}");
    }
}
