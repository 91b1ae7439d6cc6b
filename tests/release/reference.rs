//! The reference of the C ABI, which doxygen makes of the headers without a warning.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::{process, workspace};

#[test]
fn doxygen_makes_it_of_the_headers_without_a_warning() -> Result<()> {
    let folder = tempfile::tempdir()?;
    doxygen(&workspace::root().join("include"), folder.path())?;
    let page = |name: &str| fs::read_to_string(folder.path().join("html").join(name));
    ensure!(page("index.html")?.contains("What holds for every function"));
    let search = page("search_8h.html")?;
    ensure!(search.contains("By weight, best first.") && search.contains("class=\"fragment\""));
    // Members of the table lead to their functions.
    let table = page("structhamirror__api__v0.html")?;
    ensure!(table.contains("search_8h.html#") && table.contains(">hamirror_search_new()</a>"));
    Ok(())
}

#[test]
fn a_function_without_words_is_an_error() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let include = folder.path().join("include");
    fs::create_dir_all(include.join("hamirror"))?;
    for header in workspace::headers()? {
        fs::copy(workspace::root().join("include").join(&header), include.join(&header))?;
    }
    doxygen(&include, folder.path())?;
    let log = include.join("hamirror/log.h");
    let text = fs::read_to_string(&log)?;
    let place = text.rfind("#endif /* HAMIRROR_LOG_H */").unwrap_or(text.len());
    fs::write(&log, text[..place].to_owned() + "int32_t hamirror_wordless(void);\n#endif\n")?;
    let refused = format!("{:?}", doxygen(&include, folder.path()).err());
    ensure!(refused.contains("hamirror_wordless"), "{refused}");
    Ok(())
}

/// Runs doxygen by the project's file, on other headers and into another folder.
fn doxygen(include: &Path, output: &Path) -> Result<()> {
    packages::ensure(&[Tool::Doxygen])?;
    let settings = fs::read_to_string(workspace::root().join("ffi/Doxyfile"))?;
    let (include, output_folder) = (include.display(), output.display());
    let others = format!(
        "INPUT = {include}/hamirror.h {include}/hamirror\nSTRIP_FROM_PATH = {include}\n\
         STRIP_FROM_INC_PATH = {include}\nOUTPUT_DIRECTORY = {output_folder}\n"
    );
    let file = output.join("Doxyfile");
    fs::write(&file, settings + &others)?;
    process::run(Command::new("doxygen").arg(&file).current_dir(output)).map(drop)
}
