//! The ledger of symbols and the table of functions, as the sources of the C ABI make them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use hamirror_tests::workspace;
use quote::{ToTokens, format_ident, quote};

/// What the sources export.
#[derive(Default)]
pub(crate) struct Sources {
    functions: BTreeMap<String, Function>,
    /// Module of each public type.
    types: BTreeMap<String, String>,
    /// Module of each public constant.
    constants: BTreeMap<String, String>,
    /// Names of types in C by those in Rust.
    renamed: HashMap<String, String>,
    /// Modules in the order of the crate's root.
    modules: Vec<String>,
    /// Opening words of each module.
    words: BTreeMap<String, String>,
}

struct Function {
    module: String,
    signature: syn::Signature,
}

impl Sources {
    /// Reads a crate whose public modules are files on one level.
    pub(crate) fn read(folder: &Path) -> Result<Sources> {
        let names = cbindgen::Config::from_file(folder.with_file_name("cbindgen.toml"));
        let names = names.map_err(|error| anyhow::anyhow!("ffi/cbindgen.toml: {error}"))?;
        let mut sources = Sources { renamed: names.export.rename, ..Sources::default() };
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let module = path.file_stem().unwrap_or_default().display().to_string();
                let file = syn::parse_file(&fs::read_to_string(&path)?)
                    .with_context(|| path.display().to_string())?;
                sources.words.insert(module.clone(), opening_words(&file));
                file.items.into_iter().for_each(|item| sources.take(&module, item));
            }
        }
        ensure!(!sources.functions.is_empty(), "{} exports nothing", folder.display());
        Ok(sources)
    }

    fn take(&mut self, module: &str, item: syn::Item) {
        let module = module.to_owned();
        match item {
            syn::Item::Fn(syn::ItemFn { vis: syn::Visibility::Public(_), sig, .. })
                if sig.abi.is_some() =>
            {
                self.functions.insert(sig.ident.to_string(), Function { module, signature: sig });
            }
            syn::Item::Struct(syn::ItemStruct {
                vis: syn::Visibility::Public(_), ident, ..
            })
            | syn::Item::Type(syn::ItemType { vis: syn::Visibility::Public(_), ident, .. }) => {
                self.types.insert(ident.to_string(), module);
            }
            syn::Item::Const(syn::ItemConst {
                vis: syn::Visibility::Public(_), ident, ..
            }) => {
                self.constants.insert(ident.to_string(), module);
            }
            syn::Item::Mod(item) if module == "lib" => self.modules.push(item.ident.to_string()),
            _ => {}
        }
    }

    /// Modules in the order of the crate's root.
    pub(crate) fn modules(&self) -> &[String] {
        &self.modules
    }

    /// Modules whose opening words have an example, with those.
    pub(crate) fn examples(&self) -> impl Iterator<Item = (&str, &str)> {
        let words = self.words.iter().map(|(module, words)| (module.as_str(), words.as_str()));
        words.filter(|(module, words)| *module != "lib" && words.contains("\n    "))
    }

    /// The module that a name of C comes from. What no module of this level declares belongs to
    /// the one that the name begins with, as HAMIRROR_VERSION does.
    pub(crate) fn module_of(&self, name: &str) -> Result<&str> {
        let function = self.functions.get(name).map(|function| &function.module);
        let rust_name = self.renamed.iter().find(|(_, c_name)| *c_name == name);
        let rust_name = rust_name.map_or(name, |(rust_name, _)| rust_name);
        let declared = function.or_else(|| self.constants.get(name));
        let begins = |module: &&String| {
            name.to_lowercase().strip_prefix("hamirror_").is_some_and(|rest| {
                rest.strip_prefix(module.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            })
        };
        declared
            .or_else(|| self.types.get(rust_name))
            .or_else(|| self.modules.iter().filter(begins).max_by_key(|module| module.len()))
            .map(String::as_str)
            .with_context(|| format!("{name} is declared in no file of ffi/src"))
    }

    /// The ledger with what it does not know yet at its end: programs are compiled with the order
    /// of the table.
    pub(crate) fn ledger(&self, before: &str, version: &str) -> String {
        let known: BTreeSet<&str> = symbols(before).collect();
        let mut ledger = before.to_owned();
        for symbol in self.functions.keys().filter(|symbol| !known.contains(symbol.as_str())) {
            ledger += &format!("{symbol} {version}\n");
        }
        ledger
    }

    /// The Rust source of the table, in the order of the ledger.
    pub(crate) fn table(&self, ledger: &str) -> Result<String> {
        let (mut fields, mut values) = (Vec::new(), Vec::new());
        let mut imports = BTreeSet::new();
        for symbol in symbols(ledger).filter(|&symbol| symbol != ENTRY) {
            let Some(Function { module, signature }) = self.functions.get(symbol) else {
                bail!("ffi/symbols.txt has {symbol}, which the sources do not export");
            };
            let name = symbol.strip_prefix("hamirror_").context("the prefix of a symbol")?;
            let (field, module) = (format_ident!("{name}"), format_ident!("{module}"));
            let syn::Signature { ident, unsafety, abi, inputs, output, .. } = signature;
            fields.push(quote!(pub #field: #unsafety #abi fn(#inputs) #output,));
            values.push(quote!(#field: crate::#module::#ident,));
            imports.extend(self.imports(signature));
        }
        let (uses, fields): (String, String) =
            (imports.into_iter().collect(), fields.iter().map(ToString::to_string).collect());
        let values: String = values.iter().map(ToString::to_string).collect();
        formatted(&format!(
            "{HEAD}{uses}{TYPE} {{ {SIZE} {fields} }}\n\n{TABLE} {{ {SIZE_VALUE} {values} }};\n"
        ))
    }

    /// The types that a signature names.
    fn imports(&self, signature: &syn::Signature) -> Vec<String> {
        let text = signature.to_token_stream().to_string();
        text.split(|symbol: char| !symbol.is_alphanumeric() && symbol != '_')
            // A name at the end of a whole path needs no import.
            .filter(|word| !text.contains(&format!(":: {word}")))
            .filter_map(|word| match self.types.get(word) {
                Some(module) => Some(format!("use crate::{module}::{word};\n")),
                None => word.starts_with("c_").then(|| format!("use std::ffi::{word};\n")),
            })
            .collect()
    }
}

/// The documentation of a file, without the space that each line begins with.
fn opening_words(file: &syn::File) -> String {
    let lines = file.attrs.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(syn::MetaNameValue {
            path,
            value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(line), .. }),
            ..
        }) if path.is_ident("doc") => Some(line.value()),
        _ => None,
    });
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned() + "\n");
    lines.collect()
}

/// Symbols of a ledger, in its order.
fn symbols(ledger: &str) -> impl Iterator<Item = &str> {
    let lines = ledger.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next())
}

fn formatted(source: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(workspace::root().join(".rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting rustfmt")?;
    child.stdin.take().context("stdin of rustfmt")?.write_all(source.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt refuses:\n{source}");
    Ok(String::from_utf8(output.stdout)?)
}

/// The way to the table is not in it.
const ENTRY: &str = "hamirror_api";

const HEAD: &str = "\
//! The table of functions, made from the signatures in the order of ffi/symbols.txt; see
//! tests/fast/c_abi.rs for how.

use super::HAMIRROR_API_VERSION;
";

const TYPE: &str = r#"
/// Every function of the library, in the order in which they were added. Each has its name without
/// `hamirror_`; what it does is said at the function of that name.
///
/// The table grows at its end only. A program whose header may be newer than the library asks
/// first: a function is there if `offsetof(hamirror_api_v0, name) < table->struct_size`.
#[repr(C)]
#[expect(missing_docs, reason = "each is described at its function")]
pub struct ApiV0"#;

const SIZE: &str = "
    /// Bytes of the table that the library has.
    pub struct_size: u32,
    /// HAMIRROR_API_VERSION.
    pub api_version: u32,
";

const TABLE: &str = "pub(super) static V0: ApiV0 = ApiV0";

const SIZE_VALUE: &str = "
    struct_size: size_of::<ApiV0>() as u32,
    api_version: HAMIRROR_API_VERSION,
";
