//! The rules of shape that a machine can check: sizes, left-over notes, paths of one machine.

use std::fs;
use std::path::{Path, PathBuf};

use hamirror_tests::workspace;

#[test]
fn files_are_tidy() {
    let files = sources();
    assert!(files.len() > 20, "only {} files were found", files.len());
    let mut faults = Vec::new();
    for file in &files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let name = file.strip_prefix(workspace::root()).unwrap_or(file).display().to_string();
        faults.extend(text_faults(&text).into_iter().map(|fault| format!("{name}:{fault}")));
        if let Some(language) = Language::of(file) {
            faults.extend(
                size_faults(&text, language).into_iter().map(|fault| format!("{name}:{fault}")),
            );
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// One that ran beside another would measure that one's load.
#[test]
fn tests_under_load_hold_the_machine() {
    let folder = workspace::tests().join("load");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        let text = fs::read_to_string(&path).expect("it can be read");
        for test in text.split("#[test]\n").skip(1) {
            let first = test.lines().nth(1).unwrap_or_default().trim();
            assert_eq!(first, "let _machine = alone::on_the_machine();", "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 10, "only {count} tests were found");
}

#[derive(Clone, Copy, PartialEq)]
enum Language {
    Rust,
    C,
    Python,
}

impl Language {
    fn of(file: &Path) -> Option<Language> {
        let is_chapter = file.parent().is_some_and(|folder| folder.ends_with("include/hamirror"));
        if is_chapter || GENERATED.iter().any(|name| file.ends_with(name)) {
            return None;
        }
        match file.extension()?.to_str()? {
            "rs" => Some(Language::Rust),
            "c" | "h" | "cpp" | "hpp" => Some(Language::C),
            "py" | "pyi" => Some(Language::Python),
            _ => None,
        }
    }

    fn starts_function(self, line: &str) -> bool {
        let code = line.trim_start();
        match self {
            Language::Rust => code
                .split_once("fn ")
                .is_some_and(|(before, _)| before.split(' ').all(is_function_modifier)),
            Language::Python => code.starts_with("def ") || code.starts_with("async def "),
            Language::C => !line.starts_with([' ', '\t', '#', '}', '/']) && line.contains('('),
        }
    }
}

fn is_function_modifier(word: &str) -> bool {
    word.starts_with("pub")
        || word.starts_with('"')
        || word.ends_with(')')
        || ["", "const", "async", "unsafe", "extern", "default"].contains(&word)
}

/// All files of the workspace that are kept, but the lock file.
pub(crate) fn sources() -> Vec<PathBuf> {
    let walk = ignore::WalkBuilder::new(workspace::root())
        .hidden(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    walk.map(|entry| entry.expect("the workspace can be read"))
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(ignore::DirEntry::into_path)
        .filter(|path| !path.ends_with("Cargo.lock"))
        .collect()
}

fn text_faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for note in NOTES.map(|parts| parts.concat()) {
            if line.contains(&note) {
                faults.push(format!("{}: {note}", number + 1));
            }
        }
        for harm in HARMS.map(|parts| parts.concat()) {
            if line.contains(&harm) {
                faults.push(format!("{}: say what is wrong with the request: {harm}", number + 1));
            }
        }
        for path in MACHINE_PATHS.map(|parts| parts.concat()) {
            if line.contains(&path) {
                faults.push(format!("{}: path {path} of one machine", number + 1));
            }
        }
    }
    faults
}

fn size_faults(text: &str, language: Language) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut faults = Vec::new();
    if lines.len() >= FILE_LINES {
        faults.push(format!("1: {} lines, a file has less than {FILE_LINES}", lines.len()));
    }
    for (number, line) in lines.iter().enumerate() {
        let columns = line.chars().count();
        if columns >= LINE_COLUMNS {
            faults.push(format!("{}: {columns} columns", number + 1));
        }
        if language.starts_function(line) {
            let length = function_lines(&lines[number..], language);
            if length > FUNCTION_LINES {
                faults.push(format!("{}: a function of {length} lines", number + 1));
            }
        }
    }
    faults
}

/// Lines of the function that starts in the first line, by indentation; 1 for a mere declaration.
fn function_lines(lines: &[&str], language: Language) -> usize {
    let indentation = indentation(lines[0]);
    let outside = |line: &str| !line.trim().is_empty() && self::indentation(line) <= indentation;
    if language == Language::Python {
        let signature = lines.iter().position(|line| line.trim_end().ends_with(':')).unwrap_or(0);
        let body = &lines[signature + 1..];
        let end = body.iter().position(|line| outside(line)).unwrap_or(body.len());
        return signature + 1 + end;
    }
    for (number, line) in lines.iter().enumerate() {
        let code = line.trim_end();
        let is_declaration = code.ends_with(';') && self::indentation(line) == indentation;
        let is_end = code.trim_start() == "}" && self::indentation(line) == indentation;
        if is_end || (number == 0 || outside(line)) && (is_declaration || code.ends_with("{}")) {
            return number + 1;
        }
    }
    lines.len()
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const LINE_COLUMNS: usize = 100;
const GENERATED: [&str; 3] =
    ["include/hamirror.h", "ffi/src/api/table.rs", "tests/abi/hamirror-0.1.h"];

/// In parts, or this file would find itself.
const NOTES: [[&str; 2]; 2] = [["TO", "DO"], ["FIX", "ME"]];
/// What a request does to somebody's daemon is nothing to write down.
const HARMS: [[&str; 2]; 7] = [
    ["crash a da", "emon"],
    ["crash sea", "rchd"],
    ["would cr", "ash"],
    ["not surv", "ive"],
    ["crashes 2", ".2.11"],
    ["kills a 2", ".2.11"],
    ["daemons ca", "n't bear"],
];
const MACHINE_PATHS: [[&str; 2]; 3] = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"]];

#[test]
fn faults_are_seen() {
    let long = |head: &str, line: &str, tail: &str| {
        format!("{head}\n{}{tail}\n", format!("{line}\n").repeat(FUNCTION_LINES))
    };
    let rust = long("    pub(crate) const fn f() {", "        x();", "    }");
    assert_eq!(size_faults(&rust, Language::Rust), ["1: a function of 72 lines"]);
    let c = long("static int f(void)\n{", "    x();", "}");
    assert_eq!(size_faults(&c, Language::C), ["1: a function of 73 lines"]);
    let python = long("def f(\n    a,\n):", "    x()", "y()");
    assert_eq!(size_faults(&python, Language::Python), ["1: a function of 73 lines"]);
    let declarations = "fn a();\n".repeat(2) + &"    x();\n".repeat(FUNCTION_LINES + 1);
    assert!(size_faults(&declarations, Language::Rust).is_empty());
    let wide = "x".repeat(LINE_COLUMNS);
    assert_eq!(size_faults(&wide, Language::C), ["1: 100 columns"]);
    assert_eq!(size_faults(&"\n".repeat(FILE_LINES), Language::Rust).len(), 1);
    assert_eq!(text_faults(&format!("a {}", NOTES[0].concat())).len(), 1);
    assert_eq!(text_faults(&format!("it {} by x", HARMS[0].concat())).len(), 1);
    assert_eq!(text_faults(&format!("in {}x", MACHINE_PATHS[0].concat())).len(), 1);
}
