//! Texts that nobody writes by hand: no panic, and no more work than the text is long.

use hamirror::Error;
use hamirror::config::{Config, Diagnostic, Reading};
use proptest::prelude::*;

fn refused(text: &str) -> Vec<Diagnostic> {
    match Config::parse(text, "c.conf") {
        Err(Error::Config(diagnostics)) => diagnostics,
        other => panic!("{:?}", other.map(|config| config.indexes.len())),
    }
}

#[test]
fn inheritance_can_not_multiply_without_end() {
    let agents = "agent=h:1:t\n".repeat(100_000);
    let children: String = (0..100_000).map(|child| format!("index c{child}:a{{}}\n")).collect();
    let text = format!("index a {{\ntype=distributed\n{agents}}}\n{children}");
    let diagnostics = refused(&text);
    assert_eq!(diagnostics.len(), 1);
    let expected = "all agents, inherited ones and repeated index lists included, are expected \
                    to take at most 67108864 bytes";
    assert_eq!(diagnostics[0].expected, expected);
}

#[test]
fn mirrors_can_not_multiply_a_list_without_end() {
    let line = format!("agent={}h:1:{}\n", "h:1|".repeat(4_000), "t".repeat(200_000));
    let text = format!("index a {{\ntype=distributed\n{line}}}\n");
    assert!(refused(&text)[0].expected.starts_with("all agents"));
}

/// Each of these would take minutes if sections were looked for one by one, or paths copied.
#[test]
fn sections_of_all_kinds_are_many_without_harm() {
    let numbers = 0..200_000;
    let sources: String =
        numbers.clone().map(|number| format!("source s{number}:s{{}}\n")).collect();
    let children: String = numbers.map(|number| format!("index c{number}:a{{}}\n")).collect();
    let searchd = "index i {\npath = /i\n}\nsearchd {\npid_file = /x\n}\n";
    for text in [
        format!("source s {{}}\n{sources}{searchd}"),
        format!("index a {{\npath={}\n}}\n{children}{searchd}", "p\\\n".repeat(500_000)),
    ] {
        let config = Config::parse_as(&text, "c.conf", Reading::Sphinx).expect("a configuration");
        assert_eq!(config.warnings, []);
    }
}

#[test]
fn a_text_of_faults_lists_the_first_thousand() {
    let diagnostics = refused(&"}\n".repeat(1_000_000));
    assert_eq!(diagnostics.len(), 1_000);
    assert_eq!(diagnostics[999].line, 1_000);
    assert!(diagnostics[999].expected.ends_with("; what follows is not listed"));
    assert!(!diagnostics[998].expected.ends_with("listed"));
}

#[test]
fn a_huge_line_is_one_fault() {
    let diagnostics = refused(&"x".repeat(4 << 20));
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].text.len(), 83);
    let text = format!("index d {{\ntype=distributed\nagent={}\n}}", "\\\n".repeat(2 << 20));
    assert_eq!(refused(&text).len(), 1);
}

#[test]
fn a_text_above_the_limit_is_refused() {
    let diagnostics = refused(&" ".repeat((8 << 20) + 1));
    assert_eq!(diagnostics.len(), 1);
    assert_eq!((diagnostics[0].line, diagnostics[0].column), (0, 0));
}

/// Words and signs that mean something to the reader.
const WORDS: &[&str] = &[
    "index",
    "table",
    "source",
    "searchd",
    "common",
    "d",
    "e",
    ":",
    "{",
    "}",
    "=",
    "\n",
    "\n",
    "\r\n",
    "\\",
    "\\\n",
    "#",
    " ",
    "\t",
    "|",
    "[",
    "]",
    ",",
    ";",
    "type=distributed\n",
    "agent=",
    "agent_persistent",
    "agent_blackhole",
    "local=",
    "ha_strategy=",
    "h:1:t",
    "h",
    "/run/s",
    "[::1]",
    "conn=pconn",
    "9312",
    "0",
    "-1",
    "2s",
    "é",
    "\u{feff}",
    "\u{2028}",
    "max_packet_size=",
    "8M",
    "index d {\n",
    "\n}\n",
    "*",
    ".",
];

fn every_place_is_in_the_text(text: &str, diagnostics: &[Diagnostic]) {
    let lines: Vec<_> = text.strip_prefix('\u{feff}').unwrap_or(text).split('\n').collect();
    for Diagnostic { line, column, text, .. } in diagnostics {
        if *line == 0 {
            continue;
        }
        let there = lines[*line as usize - 1].chars().nth(*column as usize - 1);
        let first = text.chars().next();
        assert!(first.is_none() || there == first, "{line}:{column} '{text}'");
    }
}

fn read_and_check(text: &str) {
    for reading in [Reading::Strict, Reading::Sphinx, Reading::Manticore] {
        read_as_and_check(text, reading);
    }
}

fn read_as_and_check(text: &str, reading: Reading) {
    let diagnostics = match Config::parse_as(text, "c.conf", reading) {
        Ok(config) => {
            let agents = config.indexes.iter().flat_map(|index| &index.agents);
            for agent in agents {
                assert!(!agent.mirrors.is_empty());
                assert!(agent.mirrors.iter().all(|mirror| !mirror.index_list.is_empty()));
            }
            config.warnings
        }
        Err(Error::Config(diagnostics)) => {
            assert!(!diagnostics.is_empty());
            diagnostics
        }
        Err(error) => panic!("{error}"),
    };
    every_place_is_in_the_text(text, &diagnostics);
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        read_and_check(&text);
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let text = String::from_utf8_lossy(&bytes).replace('\0', "");
        read_and_check(&text);
    }

    #[test]
    fn any_mixture_of_words_is_answered(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..120)
    ) {
        read_and_check(&words.concat());
    }

    #[test]
    fn any_agent_line_is_answered(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..20)
    ) {
        let line = words.concat();
        read_and_check(&format!("index d {{\ntype = distributed\nagent = {line}\n}}\n"));
    }
}
