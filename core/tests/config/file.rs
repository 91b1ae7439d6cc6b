//! Files: what can't be read, and what is no text.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use hamirror::Error;
use hamirror::config::Config;

/// A file that is removed when the test ends.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, bytes).expect("a file");
        Self(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn bytes_that_are_no_text_pass_where_they_are_skipped() {
    let bytes = b"# caf\xe9\nsource s {\n sql_query = \xff\xfe\n}\n\
                  index d {\n type = distributed # \xe9\n agent = h:1:t\n}\n";
    let file = TemporaryFile::new("latin1.conf", bytes);
    let config = Config::read(&file.0).expect("a configuration");
    assert_eq!(config.indexes.len(), 1);
    assert_eq!(config.warnings, []);
}

#[test]
fn bytes_that_are_no_text_are_refused_where_they_matter() {
    let bytes = b"index d {\n type = distributed\n agent = h:1:t\xe9\n}\n";
    let file = TemporaryFile::new("latin1_agent.conf", bytes);
    let error = Config::read(&file.0).unwrap_err().to_string();
    let path = file.0.display();
    let expected = "'\u{fffd}': index names with ',' between them are expected";
    let line = "     agent = h:1:t\u{fffd}\n                  ^";
    assert_eq!(error, format!("{path}:3:15: {expected}\n{line}"));
}

/// As core/docs/behaviour.md says it.
#[test]
fn a_script_is_run_by_the_program() {
    assert!(include_str!("../../docs/behaviour.md").contains("begins with `#!` is a script"));
    let script = b"#!/bin/sh\necho 'index d {'\necho 'type = distributed'\n\
                   echo \"agent = h:1:$((40 + 2))\"\necho '}'\n";
    let file = TemporaryFile::new("script.conf", script);
    let error = Config::read(&file.0).unwrap_err().to_string();
    assert!(error.contains("run the script and hand in what it prints\n    #!/bin/sh\n    ^"));
    let output = Command::new("/bin/sh").arg(&file.0).output().expect("a shell");
    let text = String::from_utf8(output.stdout).expect("text");
    let config = Config::parse(&text, "script.conf").expect("a configuration");
    assert_eq!(config.indexes[0].agents[0].to_string(), "h:1:42");
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::read("/nonexistent/sphinx.conf").unwrap_err();
    let Error::System(refused) = &error else { panic!("{error:?}") };
    assert_eq!(refused.code, Some(2));
    assert_eq!(refused.path, Some(PathBuf::from("/nonexistent/sphinx.conf")));
    let expected =
        "configuration '/nonexistent/sphinx.conf': No such file or directory (os error 2)";
    assert_eq!(error.to_string(), expected);
    assert!(matches!(Config::read("/"), Err(Error::System(_))));
}

#[test]
fn a_file_without_end_is_refused() {
    let error = Config::read("/dev/zero").unwrap_err();
    assert_eq!(error.to_string(), "/dev/zero: 'its size': at most 8388608 bytes are expected");
}
