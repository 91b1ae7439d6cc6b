//! The header in chapters: what cbindgen makes as one text, put apart by noun.
//!
//! A file of `ffi/src` whose opening words have an example opens a chapter of its name. Any other
//! file belongs to the chapter that its name begins with, as `batch_run` does to `batch`, or to
//! the one that [`ELSEWHERE`] names.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

use super::table::Sources;

/// Files whose names do not say to which chapter they belong.
const ELSEWHERE: [(&str, &str); 9] = [
    ("agent", "status"),
    ("answer", "session"),
    ("api", TABLE),
    ("code", "error"),
    ("counter", "host"),
    ("diagnostic", "error"),
    ("parameters", "session"),
    ("rows", "status"),
    ("waker", "batch"),
];

/// The chapter of the function table, which is the last one: it names all types.
const TABLE: &str = "table";

/// A header that includes all others, and those.
pub(crate) struct Header {
    umbrella: String,
    chapters: Vec<Chapter>,
}

/// One header of a noun.
struct Chapter {
    name: String,
    /// Opening words of its file, example included.
    words: String,
    items: Vec<Item>,
    /// Chapters that declare types of its own declarations.
    uses: BTreeSet<String>,
}

/// One declaration.
struct Item {
    kind: Kind,
    name: String,
    /// With its comment.
    text: String,
}

/// What a declaration declares, in the order of a chapter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Constant,
    Type,
    Function,
}

impl Header {
    /// Puts apart what cbindgen made of these sources.
    pub(crate) fn new(text: &str, sources: &Sources) -> Result<Header> {
        let (prose, rest) =
            text.split_once("\n#ifndef HAMIRROR_H\n").context("an include guard")?;
        let rest = rest.split("\n#endif  /* HAMIRROR_H */").next().unwrap_or_default();
        let mut chapters: BTreeMap<String, Chapter> = BTreeMap::new();
        for (module, words) in sources.examples() {
            let name = chapter_of(module, sources)?.to_owned();
            let chapter = Chapter::new(&name, words);
            ensure!(chapters.insert(name, chapter).is_none(), "{module} opens a chapter anew");
        }
        for part in rest.split("\n/**\n").skip(1) {
            let item = Item::read(part)?;
            let name = chapter_of(sources.module_of(&item.name)?, sources)?;
            let chapter = chapters.get_mut(name).context(format!("{name}: {NO_EXAMPLE}"))?;
            chapter.items.push(item);
        }
        let homes: BTreeMap<String, String> = chapters.values().flat_map(Chapter::types).collect();
        for chapter in chapters.values_mut() {
            chapter.take(&homes);
        }
        let mut chapters = in_order(chapters, sources)?;
        chapters.iter_mut().for_each(|chapter| chapter.items.sort_by_key(|item| item.kind));
        Ok(Header { umbrella: umbrella(prose.trim(), &chapters), chapters })
    }

    /// Name below `include` and text of each file.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let chapters = self.chapters.iter().map(|chapter| (chapter.file(), chapter.text()));
        [("hamirror.h".to_owned(), self.umbrella.clone())].into_iter().chain(chapters).collect()
    }
}

impl Chapter {
    fn new(name: &str, words: &str) -> Chapter {
        let (items, uses) = (Vec::new(), BTreeSet::new());
        Chapter { name: name.to_owned(), words: words.to_owned(), items, uses }
    }

    /// Name of its file below `include`.
    fn file(&self) -> String {
        format!("hamirror/{}.h", self.name)
    }

    /// Types with the name of this chapter.
    fn types(&self) -> Vec<(String, String)> {
        let types = self.items.iter().filter(|item| item.kind == Kind::Type);
        types.map(|item| (item.name.clone(), self.name.clone())).collect()
    }

    /// Takes the chapters that it uses from those of all types.
    fn take(&mut self, homes: &BTreeMap<String, String>) {
        let code = self.items.iter().map(|item| without_comments(item.declaration()));
        let code: String = code.collect();
        let words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let used = words.filter_map(|word| homes.get(word)).filter(|home| **home != self.name);
        self.uses = used.cloned().collect();
    }

    fn text(&self) -> String {
        let guard =
            format!("{}_H", self.file().replace('/', "_").replace(".h", "")).to_uppercase();
        let mut text = format!("{}\n#ifndef {guard}\n#define {guard}\n\n{MADE}\n", self.opening());
        text += "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n";
        let uses: String =
            self.uses.iter().map(|name| format!("#include \"{name}.h\"\n")).collect();
        if !uses.is_empty() {
            text = text + "\n" + &uses;
        }
        let (functions, others): (Vec<&Item>, Vec<&Item>) =
            self.items.iter().partition(|item| item.kind == Kind::Function);
        text += &texts(&others);
        if !functions.is_empty() {
            text = text + BEGIN_C + &texts(&functions) + END_C;
        }
        text + &format!("\n#endif /* {guard} */\n")
    }

    /// Its words as the comment of a file.
    fn opening(&self) -> String {
        let line = |line: &str| match line {
            "" => " *\n".to_owned(),
            words => format!(" * {words}\n"),
        };
        format!("/**\n * @file\n{} */", self.words.lines().map(line).collect::<String>())
    }
}

impl Item {
    /// Reads what follows the beginning of a comment.
    fn read(text: &str) -> Result<Item> {
        let text = format!("/**\n{}", text.trim_end());
        let place = text.find("*/\n").context(text.clone())?;
        let declaration = &text[place + 3..];
        ensure!(!declaration.contains("\n\n"), "a declaration has no comment:\n{text}");
        let (kind, name) = if let Some(rest) = declaration.strip_prefix("#define ") {
            (Kind::Constant, rest.split(' ').next())
        } else if !declaration.starts_with("typedef ") {
            let head = declaration.split('(').next().unwrap_or_default();
            (Kind::Function, head.rsplit([' ', '*']).next())
        } else if let Some((_, rest)) = declaration.rsplit_once("\n} ") {
            (Kind::Type, rest.strip_suffix(';'))
        } else if let Some((_, rest)) = declaration.split_once("(*") {
            (Kind::Type, rest.split(')').next())
        } else {
            (Kind::Type, declaration.trim_end_matches(';').rsplit(' ').next())
        };
        let name = name.filter(|name| name.to_lowercase().starts_with(PREFIX));
        Ok(Item { kind, name: name.context(text.clone())?.to_owned(), text })
    }

    /// Its text without the comment.
    fn declaration(&self) -> &str {
        self.text.split_once("*/\n").map_or("", |(_, declaration)| declaration)
    }
}

/// The chapter that a file of the sources belongs to.
fn chapter_of<'a>(module: &'a str, sources: &Sources) -> Result<&'a str> {
    let elsewhere = ELSEWHERE.iter().find(|(file, _)| *file == module);
    if let Some((_, chapter)) = elsewhere {
        return Ok(chapter);
    }
    let is_opened = |name: &str| sources.examples().any(|(module, _)| module == name);
    let ends = module.match_indices('_').map(|(end, _)| end).chain([module.len()]);
    let chapter = ends.map(|end| &module[..end]).rfind(|name| is_opened(name));
    chapter.with_context(|| format!("ffi/src/{module}.rs: {NO_EXAMPLE}"))
}

/// Chapters behind those that they use, otherwise in the order of the modules; the table last.
fn in_order(mut left: BTreeMap<String, Chapter>, sources: &Sources) -> Result<Vec<Chapter>> {
    let mut order = Vec::new();
    for module in sources.modules() {
        let name = chapter_of(module, sources).unwrap_or_default();
        if !order.contains(&name) && left.contains_key(name) && name != TABLE {
            order.push(name);
        }
    }
    order.push(TABLE);
    let mut chapters: Vec<Chapter> = Vec::new();
    while !order.is_empty() {
        let is_ready = |name: &&str| {
            left[*name]
                .uses
                .iter()
                .all(|used| chapters.iter().any(|chapter| chapter.name == *used))
        };
        let Some(place) = order.iter().position(is_ready) else {
            bail!("chapters use each other: {order:?}");
        };
        chapters.extend(left.remove(order.remove(place)));
    }
    Ok(chapters)
}

fn umbrella(prose: &str, chapters: &[Chapter]) -> String {
    let include = |chapter: &Chapter| format!("#include \"{}\"\n", chapter.file());
    let includes: String = chapters.iter().map(include).collect();
    format!(
        "{prose}\n#ifndef HAMIRROR_H\n#define HAMIRROR_H\n\n{MADE}\n{includes}\n\
         #endif /* HAMIRROR_H */\n"
    )
}

fn texts(items: &[&Item]) -> String {
    items.iter().map(|item| format!("\n{}\n", item.text)).collect()
}

/// The code between comments that begin with two stars.
pub(crate) fn without_comments(code: &str) -> String {
    let mut parts = code.split("/**");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| part.split_once("*/")).fold(first, |code, (_, rest)| code + rest)
}

const PREFIX: &str = "hamirror_";
const NO_EXAMPLE: &str = "a chapter of the header needs an example in the file's opening words";
const MADE: &str = "/* Generated by cbindgen from ffi/src: change that, not this. */\n";
const BEGIN_C: &str = "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
const END_C: &str = "\n#ifdef __cplusplus\n}\n#endif\n";
