//! Reading configurations: what is taken, what is refused, and the exact place of each word on it.

mod builder;
mod directive;
mod file;
mod hostile;
mod lenient;
mod lenient_lines;
mod rendered;
mod roundtrip;
mod sections;
mod settings;
mod sphinx_files;
mod tables;

use hamirror::Error;
use hamirror::config::{Agent, Config, Diagnostic};

/// Errors or warnings as `line:column 'text': expected`.
fn lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |diagnostic: &Diagnostic| {
        let Diagnostic { line, column, text, expected, .. } = diagnostic;
        format!("{line}:{column} '{text}': {expected}")
    };
    diagnostics.iter().map(line).collect()
}

fn parse(text: &str) -> Config {
    Config::parse(text, "c.conf").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The errors of a text that is refused.
fn errors(text: &str) -> Vec<String> {
    match Config::parse(text, "c.conf") {
        Err(Error::Config(diagnostics)) => {
            assert!(diagnostics.iter().all(|diagnostic| diagnostic.file == "c.conf"));
            lines(&diagnostics)
        }
        other => panic!("{other:?}\n{text}"),
    }
}

fn warnings(text: &str) -> Vec<String> {
    lines(&parse(text).warnings)
}

/// `key = value` in a distributed index `d`, the value from column 1 of line 4.
fn index_with(key: &str, value: &str) -> String {
    format!("index d {{\ntype = distributed\n{key} = \\\n{value}\n}}\n")
}

/// The agent of a line, and warnings of it.
fn agent(line: &str) -> (Agent, Vec<String>) {
    let mut config = parse(&index_with("agent", line));
    let agent = config.indexes[0].agents.pop().expect("an agent");
    (agent, lines(&config.warnings))
}
