//! The chapters of the C header: each compiles alone, and so does the example that opens it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::workspace;

#[test]
fn each_chapter_needs_nothing_before_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let names = chapters()?.into_iter().map(|(name, _)| name);
    for name in names {
        for standard in STANDARDS {
            let text = format!("#include <hamirror/{name}>\n#include <hamirror/{name}>\n");
            check(folder.path(), standard, &text, &["-Wconversion", "-Wundef"])
                .with_context(|| name.clone())?;
        }
    }
    Ok(())
}

#[test]
fn the_example_of_each_chapter_compiles() -> Result<()> {
    let chapters = chapters()?;
    let names: Vec<&str> = chapters.iter().map(|(name, _)| name.as_str()).collect();
    ensure!(names.contains(&"search.h") && names.contains(&"table.h"), "{names:?}");
    let parameters = parameters(&chapters)?;
    let mut program = INCLUDES.to_owned();
    for (name, text) in &chapters {
        let example = example(text);
        let lines = example.lines().count();
        ensure!((2..=8).contains(&lines), "{name} has an example of {lines} lines");
        let function = name.trim_end_matches(".h");
        program += &format!("int32_t {function}_example(");
        program += &format!("{parameters})\n{{\n    {{\n{example}    }}\n    return code;\n}}\n");
    }
    let folder = tempfile::tempdir()?;
    // An example uses some of the parameters, and has variables of the same names.
    let flags = ["-Wno-unused", "-Wno-unused-parameter"];
    for standard in STANDARDS {
        check(folder.path(), standard, &program, &flags)?;
        let wrong = program.replacen("hamirror_search_new(", "hamirror_search_new(1, ", 1);
        ensure!(check(folder.path(), standard, &wrong, &flags).is_err(), "it takes anything");
    }
    Ok(())
}

/// Name and text of each chapter, in the order of the umbrella.
fn chapters() -> Result<Vec<(String, String)>> {
    let include = workspace::root().join("include");
    let umbrella = fs::read_to_string(include.join("hamirror.h"))?;
    let lines = umbrella.lines().filter_map(|line| line.strip_prefix("#include \"hamirror/"));
    let read = |line: &str| {
        let name = line.trim_end_matches('"');
        Ok((name.to_owned(), fs::read_to_string(include.join("hamirror").join(name))?))
    };
    lines.map(read).collect()
}

/// The indented lines of the comment that opens a chapter.
fn example(chapter: &str) -> String {
    let comment = chapter.split(" */\n").next().unwrap_or_default();
    let lines = comment.lines().filter_map(|line| line.strip_prefix(" *     "));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// What examples find there: every handle under its own name, and these.
fn parameters(chapters: &[(String, String)]) -> Result<String> {
    let lines = chapters.iter().flat_map(|(_, text)| text.lines());
    let handles = lines.filter_map(|line| line.strip_prefix("typedef struct hamirror_"));
    let handles: Vec<&str> = handles.filter_map(|line| line.split(' ').next()).collect();
    ensure!(handles.len() > 20, "{handles:?}");
    let handle = |name: &&str| format!("hamirror_{name} *{name}, ");
    let handles: String = handles.iter().map(handle).collect();
    Ok(handles + PARAMETERS)
}

fn check(folder: &Path, standard: Standard, text: &str, flags: &[&str]) -> Result<()> {
    let extension = if matches!(standard, Standard::C(_)) { "c" } else { "cpp" };
    let source = folder.join("chapter").with_extension(extension);
    fs::write(&source, format!("{text}\nint main(void) {{ return 0; }}\n"))?;
    let compiler = Compiler::new(standard, Linkage::None);
    flags.iter().fold(compiler, |compiler, flag| compiler.flag(flag)).check(&source)
}

const STANDARDS: [Standard; 3] =
    [Standard::C("c99"), Standard::Cpp("c++11"), Standard::Cpp("c++20")];

const INCLUDES: &str = "\
#define _POSIX_C_SOURCE 200809L
#define __STDC_FORMAT_MACROS
#include <hamirror.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

static uint8_t older[4], newer[4], found[4];
size_t search_here(const uint8_t *request, size_t len);

";

const PARAMETERS: &str = "int32_t code, int32_t level, hamirror_text line, \
                          hamirror_search *other_search, void *library";
