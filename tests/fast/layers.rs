//! Arrows between the rooms of a crate point one way: a picture draws the layers, and this reads
//! it. Of the core it is in its architecture document, of the C ABI in `lib.rs`, and of a module
//! whose own rooms keep to layers in its `mod.rs`.
//!
//! A room is a module that such a file declares, with all files below it. What is there for tests
//! or documents alone (`cfg(test)`, `cfg(doc)`) is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hamirror_tests::workspace;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, File, Ident, ItemMod, ItemUse, UseTree};

#[test]
fn the_core_uses_what_is_below() -> Result<()> {
    let document = fs::read_to_string(workspace::root().join("core/docs/architecture.md"))?;
    holds("core/src", &[], Some(&document))
}

#[test]
fn the_network_uses_what_is_below() -> Result<()> {
    holds("core/src", &["net"], None)
}

#[test]
fn the_c_abi_uses_what_is_below() -> Result<()> {
    holds("ffi/src", &[], None)
}

/// Checks the rooms of a module in that folder, or of the crate if none is named. The picture is
/// in that document, or in the documentation of the root.
fn holds(folder: &str, module: &[&str], document: Option<&str>) -> Result<()> {
    let folder = workspace::root().join(folder);
    let file = if module.is_empty() { "lib.rs" } else { "mod.rs" };
    let text = fs::read_to_string(folder.join(module.join("/")).join(file))?;
    let picture = Picture::read(document.unwrap_or(&documentation_of(&text)))?;
    let root = Root::read(module, &text)?;
    let mut uses = Uses::new();
    for room in &root.rooms {
        let found = uses_of_module(&root, &folder, root.path_of(room))?;
        uses.insert(room.clone(), found);
    }
    ensure!(uses.len() > 10, "only {} rooms were found", uses.len());
    let arrows: usize = uses.values().map(BTreeSet::len).sum();
    ensure!(arrows > uses.len(), "only {arrows} arrows were found");
    let faults = faults(&picture, &uses);
    ensure!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    Ok(())
}

/// The rooms that each room uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn faults(picture: &Picture, uses: &Uses) -> Vec<String> {
    let drawn = picture.layers.keys().filter(|room| !uses.contains_key(*room));
    let mut faults: Vec<String> =
        drawn.map(|room| format!("{room} is in the picture and nowhere else")).collect();
    for (room, used) in uses {
        let Some(layer) = picture.layers.get(room) else {
            faults.push(format!("{room} is not in the picture"));
            continue;
        };
        for used in used.iter().filter(|used| *used != room) {
            if picture.layers.get(used).is_none_or(|below| below >= layer) {
                faults.push(format!("{room} uses {used}, which is not below it"));
            }
        }
    }
    faults
}

/// The layers as the root draws them: of each room its layer, from the bottom, 0.
struct Picture {
    layers: BTreeMap<String, usize>,
}

impl Picture {
    /// Reads the block of a documentation that has arrows: `a b <- c` are two layers.
    fn read(documentation: &str) -> Result<Self> {
        let mut blocks = documentation.split("```").skip(1).step_by(2);
        let block = blocks.find(|block| block.contains("<-")).context("no picture of layers")?;
        let block = block.strip_prefix("text").context("the picture is plain text")?;
        let mut layers = BTreeMap::new();
        for (layer, rooms) in block.split("<-").enumerate() {
            for room in rooms.split_whitespace() {
                ensure!(syn::parse_str::<Ident>(room).is_ok(), "{room} is no name of a room");
                let before = layers.insert(room.to_owned(), layer);
                ensure!(before.is_none(), "{room} is twice in the picture");
            }
        }
        Ok(Self { layers })
    }
}

/// The documentation that a file begins with.
fn documentation_of(text: &str) -> String {
    text.lines().filter_map(|line| line.strip_prefix("//!")).collect::<Vec<_>>().join("\n")
}

/// What the root declares: `lib.rs`, or the `mod.rs` of a module.
struct Root {
    /// Path of that module; empty for the crate.
    module: Vec<String>,
    rooms: BTreeSet<String>,
    /// Names that stand at the top of the root, and the rooms that they come from.
    exports: BTreeMap<String, String>,
}

impl Root {
    fn read(module: &[&str], text: &str) -> Result<Self> {
        let module = module.iter().map(|part| (*part).to_owned()).collect();
        let mut root = Self { module, rooms: BTreeSet::new(), exports: BTreeMap::new() };
        for item in syn::parse_file(text)?.items {
            match item {
                syn::Item::Mod(item) if !is_left_out(&item) => {
                    root.rooms.insert(item.ident.to_string());
                }
                syn::Item::Use(item) => {
                    for path in paths_of(&item.tree) {
                        if let (Some(first), Some(last)) = (path.first(), path.last()) {
                            root.exports.insert(last.clone(), first.clone());
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(root)
    }

    fn path_of(&self, room: &str) -> Vec<String> {
        self.module.iter().cloned().chain([room.to_owned()]).collect()
    }
}

/// The rooms that a module and the modules below it use.
fn uses_of_module(root: &Root, folder: &Path, module: Vec<String>) -> Result<BTreeSet<String>> {
    let path = folder.join(module.join("/"));
    let file = path.with_extension("rs");
    let file = if file.exists() { file } else { path.join("mod.rs") };
    let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let Found { mut rooms, modules } = Finder::search(root, module, &syn::parse_file(&text)?);
    for module in modules {
        rooms.extend(uses_of_module(root, folder, module)?);
    }
    Ok(rooms)
}

/// What is in a file.
struct Found {
    rooms: BTreeSet<String>,
    /// Paths of modules with a file of their own.
    modules: Vec<Vec<String>>,
}

struct Finder<'a> {
    root: &'a Root,
    module: Vec<String>,
    found: Found,
}

impl<'a> Finder<'a> {
    fn search(root: &'a Root, module: Vec<String>, file: &File) -> Found {
        let found = Found { rooms: BTreeSet::new(), modules: Vec::new() };
        let mut finder = Self { root, module, found };
        finder.visit_file(file);
        finder.found
    }

    /// Notes the room that a path leads to, if it leaves this one.
    fn note(&mut self, path: &[String]) {
        let path = path.strip_prefix(&["self".to_owned()]).unwrap_or(path);
        let ups = path.iter().take_while(|part| *part == "super").count();
        let path = match path.first().map(String::as_str) {
            Some("crate") => path[1..].to_vec(),
            Some("super") => {
                let above = self.module.len().saturating_sub(ups);
                [&self.module[..above], &path[ups..]].concat()
            }
            _ => return,
        };
        let below = path.strip_prefix(&self.root.module[..]);
        if let Some(name) = below.and_then(<[String]>::first) {
            let is_room = self.root.rooms.contains(name);
            let room = if is_room { name } else { self.root.exports.get(name).unwrap_or(name) };
            self.found.rooms.insert(room.clone());
        }
    }

    /// Notes what the arguments of a macro name; they are no Rust before it is expanded.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        for token in tokens {
            match token {
                TokenTree::Ident(name) => path.push(name.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == ':' => {}
                other => {
                    self.note(&std::mem::take(&mut path));
                    if let TokenTree::Group(group) = other {
                        self.note_tokens(group.stream());
                    }
                }
            }
        }
        self.note(&path);
    }
}

impl<'a> Visit<'a> for Finder<'_> {
    fn visit_item(&mut self, item: &'a syn::Item) {
        if !is_left_out(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'a syn::ImplItem) {
        if !is_left_out(item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'a syn::Stmt) {
        if !is_left_out(statement) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_field(&mut self, field: &'a syn::Field) {
        if !is_left_out(field) {
            visit::visit_field(self, field);
        }
    }

    fn visit_field_value(&mut self, value: &'a syn::FieldValue) {
        if !is_left_out(value) {
            visit::visit_field_value(self, value);
        }
    }

    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        self.module.push(item.ident.to_string());
        if item.content.is_none() {
            self.found.modules.push(self.module.clone());
        }
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        for path in paths_of(&item.tree) {
            self.note(&path);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        self.note(&parts);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'a syn::Macro) {
        self.visit_path(&call.path);
        self.note_tokens(call.tokens.clone());
    }

    /// `pub(in crate::room)` uses nothing.
    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}
}

/// The paths of a `use`, each from its first word on.
fn paths_of(tree: &UseTree) -> Vec<Vec<String>> {
    match tree {
        UseTree::Path(path) => {
            let mut paths = paths_of(&path.tree);
            paths.iter_mut().for_each(|rest| rest.insert(0, path.ident.to_string()));
            paths
        }
        UseTree::Group(group) => group.items.iter().flat_map(paths_of).collect(),
        UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        UseTree::Rename(name) => vec![vec![name.ident.to_string()]],
        UseTree::Glob(_) => vec![Vec::new()],
    }
}

/// Whether the attributes that a piece of code begins with leave it to tests, or to documents.
fn is_left_out(code: &impl ToTokens) -> bool {
    let attributes = |input: syn::parse::ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>()?;
        Ok(attributes)
    };
    let attributes = syn::parse::Parser::parse2(attributes, code.to_token_stream());
    attributes.unwrap_or_default().iter().any(|attribute| {
        let is_elsewhere = |name: Ident| name == "test" || name == "doc";
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg") && attribute.parse_args().is_ok_and(is_elsewhere)
    })
}

const PICTURE: &str = "//! ```text
//! low
//!     <- left right
//!     <- one two high
//! ```
mod high;
mod left;
mod low;
mod one;
mod right;
mod two;
#[cfg(test)]
mod simulation;
pub use low::{Thing, deep::Other};
";

/// The faults of a crate in which the rooms have that code.
fn faults_of(rooms: &[(&str, &str)]) -> Vec<String> {
    faults_in(&[], rooms)
}

/// The faults of a module in which they have it.
fn faults_in(module: &[&str], rooms: &[(&str, &str)]) -> Vec<String> {
    let picture = Picture::read(&documentation_of(PICTURE)).expect("the picture is drawn");
    let root = Root::read(module, PICTURE).expect("the root is Rust");
    let mut uses: Uses = root.rooms.iter().map(|room| (room.clone(), BTreeSet::new())).collect();
    for (room, code) in rooms {
        let file = syn::parse_file(code).expect("the room is Rust");
        let found = Finder::search(&root, root.path_of(room), &file);
        uses.insert((*room).to_owned(), found.rooms);
    }
    faults(&picture, &uses)
}

#[test]
fn an_arrow_against_the_line_is_seen() {
    for code in [
        "use crate::left::Thing;",
        "use crate::{left, left::Thing};",
        "use super::left;",
        "mod inner { use super::super::left; }",
        "fn f() { crate::left::g(); }",
        "fn f(x: Vec<crate::left::X>) {}",
        "fn f() { println!(\"{}\", crate::left::TEXT); }",
        "macro_rules! m { () => { $crate::left::f() }; }",
        "#[cfg(not(test))] use crate::left;",
    ] {
        for room in ["low", "right"] {
            let expected = format!("{room} uses left, which is not below it");
            assert_eq!(faults_of(&[(room, code)]), [expected], "{code}");
        }
        assert!(faults_of(&[("left", code), ("high", code), ("one", code)]).is_empty(), "{code}");
    }
    assert_eq!(faults_of(&[("one", "use crate::two;"), ("two", "use crate::one;")]).len(), 2);
    assert_eq!(faults_of(&[("one", "use crate::high;")]).len(), 1);
    assert_eq!(faults_of(&[("high", "use crate::one;")]).len(), 1);
    assert_eq!(faults_of(&[("high", "use crate::Thing; fn f(_: crate::Other) {}")]).len(), 0);
}

#[test]
fn a_circle_among_the_files_of_a_module_is_seen() {
    let [to_left, to_right] = ["left", "right"].map(|room| {
        [
            format!("use super::{room};"),
            format!("use crate::wing::{{{room}::Thing, low}};"),
            format!("fn f() {{ super::{room}::g(); }}"),
            format!("mod inner {{ use super::super::{room}::Thing; }}"),
        ]
    });
    for (to_left, to_right) in to_left.iter().zip(&to_right) {
        let faults = faults_in(&["wing"], &[("left", to_right), ("right", to_left)]);
        let expected = [("left", "right"), ("right", "left")];
        let expected = expected.map(|(a, b)| format!("{a} uses {b}, which is not below it"));
        assert_eq!(faults, expected, "{to_left}");
        let faults = faults_in(&["wing"], &[("high", to_left), ("left", "use super::high;")]);
        assert_eq!(faults, ["left uses high, which is not below it"], "{to_left}");
    }
    let elsewhere = "use crate::{left, one::right}; use super::super::left; mod left { }";
    assert_eq!(faults_in(&["wing"], &[("low", elsewhere)]), [""; 0]);
}

#[test]
fn what_is_there_for_tests_is_left_out() {
    for code in [
        "#[cfg(test)] mod tests { use crate::left; }",
        "#[cfg(test)] mod tests;",
        "#[cfg(test)] use crate::left;",
        "struct S { #[cfg(test)] x: crate::left::X }",
        "fn f() { #[cfg(test)] if crate::left::g() { h(); } }",
        "fn f() -> S { S { #[cfg(test)] x: crate::left::X } }",
        "impl S { #[cfg(test)] fn f() { crate::left::g(); } }",
        "#[test] fn f() { crate::left::g(); }",
        "#[cfg(doc)] mod docs { use crate::left; }",
        "/// As [`crate::left`].\nfn f() {}",
        "pub(in crate::left) fn f() {}",
        "use super::low; mod inner { use super::left; }",
    ] {
        assert_eq!(faults_of(&[("low", code)]), [""; 0], "{code}");
    }
}

#[test]
fn a_room_that_is_missing_is_seen() {
    assert_eq!(faults_of(&[("attic", "")]), ["attic is not in the picture"]);
    let fault = "high uses attic, which is not below it";
    assert_eq!(faults_of(&[("high", "use crate::attic;")]), [fault]);
    let picture = Picture::read(&documentation_of(PICTURE)).expect("the picture is drawn");
    let missing = faults(&picture, &Uses::new());
    assert_eq!(missing.len(), 6);
    assert_eq!(missing[0], "high is in the picture and nowhere else");
    assert!(Picture::read("no picture\n").is_err());
    for rooms in ["low <- low", "low <- (one two)", "low <- one, two"] {
        assert!(Picture::read(&format!("```text\n{rooms}\n```\n")).is_err(), "{rooms}");
    }
}
