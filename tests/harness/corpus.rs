//! Documents to search: the machine's package records, or synthetic ones that are the same on
//! every machine.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{interrupt, packages};

/// One document of the index that all programs search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Document id, from 1.
    pub id: u64,
    /// Attribute and the words of field `title`.
    pub name: String,
    /// Field `body`.
    pub body: String,
    /// String attribute.
    pub section: String,
    /// String attribute.
    pub priority: String,
    /// In KB; a uint attribute.
    pub installed_size: u32,
    /// In bytes; a bigint attribute.
    pub size: u64,
    /// Multi-value attribute: hashes of the tags.
    pub tags: BTreeSet<u32>,
}

impl Document {
    /// Columns of a line of [`Document::write_tsv`] after the id, as `indexer` is told them.
    pub const TSV_COLUMNS: &str = "\
    tsvpipe_field = title
    tsvpipe_field = body
    tsvpipe_attr_string = name
    tsvpipe_attr_string = section
    tsvpipe_attr_string = priority
    tsvpipe_attr_uint = installed_size
    tsvpipe_attr_bigint = size
    tsvpipe_attr_float = ratio
    tsvpipe_attr_timestamp = added
    tsvpipe_attr_multi = tags
    tsvpipe_attr_bool = small
    tsvpipe_attr_multi_64 = wide
    tsvpipe_attr_json = facts
";

    /// Writes the document as one line for `indexer`'s tsvpipe.
    pub fn write_tsv(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { id, name, body, section, priority, installed_size, size, .. } = self;
        let tags: Vec<String> = self.tags.iter().map(u32::to_string).collect();
        writeln!(
            out,
            "{id}\t{title}\t{body}\t{name}\t{section}\t{priority}\t{installed_size}\t{size}\t\
             {ratio}\t{added}\t{tags}\t{small}\t{wide}\t{facts}",
            title = name.replace(['-', '.', '+'], " "),
            ratio = self.ratio(),
            added = self.added(),
            tags = tags.join(","),
            small = u8::from(*installed_size < SMALL_KB),
            wide = self.wide(),
            facts = self.facts()
        )
    }

    /// The tags beyond 32 bits; a multi-value attribute of 64 bits.
    fn wide(&self) -> String {
        let values = self.tags.iter().map(|tag| (i64::from(*tag) << 33).to_string());
        values.collect::<Vec<_>>().join(",")
    }

    /// A JSON attribute with values of every type, some of them missing by turns; one in nine
    /// documents has none at all.
    fn facts(&self) -> String {
        let Self { id, section, priority, installed_size, size, .. } = self;
        if id % 9 == 4 {
            return String::new();
        }
        let (section, ratio) = (section.replace('"', "'"), self.ratio());
        let number = if id % 5 == 0 { String::new() } else { format!("\"kb\":{installed_size},") };
        let either = match id % 4 {
            0 => "null".to_owned(),
            1 => format!("\"{priority}\""),
            2 => (id / 3).to_string(),
            _ => format!("{ratio:.3}"),
        };
        let tags: Vec<String> = self.tags.iter().map(u32::to_string).collect();
        format!(
            "{{\"section\":\"{section}\",{number}\"bytes\":{bytes},\"ratio\":{ratio:.4},\
             \"small\":{small},\"either\":{either},\"tags\":[{tags}],\
             \"mixed\":[{id},\"{priority}\",0.5,null],\"deep\":{{\"Kb\":{kb},\"is\":\"a/b\"}}}}",
            bytes = size * 1_000,
            small = *installed_size < SMALL_KB,
            tags = tags.join(","),
            kb = installed_size % 7,
        )
    }

    /// Package bytes an installed byte; a float attribute.
    pub fn ratio(&self) -> f32 {
        self.size as f32 / (self.installed_size.max(1) as f32 * 1024.0)
    }

    /// Seconds since 1970, a timestamp attribute: records carry no date, so each has its own hour.
    pub fn added(&self) -> u64 {
        const YEAR_2000: u64 = 946_684_800;
        YEAR_2000 + self.id * 3_600
    }
}

/// Every package that this machine's lists know (`apt-cache dumpavail`), numbered from 1; the
/// lists are fetched first where they know fewer than a machine of Debian should.
pub fn of_this_machine() -> Result<Vec<Document>> {
    let documents = dump_available()?;
    if documents.len() >= FEWEST_PACKAGES {
        return Ok(documents);
    }
    eprintln!("{} package records; fetching the package lists", documents.len());
    packages::refresh_lists()?;
    let documents = dump_available()?;
    ensure!(
        !documents.is_empty(),
        "apt-cache dumpavail lists no package, even after apt-get update"
    );
    Ok(documents)
}

/// `count` documents made from a seed: few words, so that queries meet, and few values of each
/// attribute, so that sorts meet ties.
pub fn synthetic(count: u64, seed: u64) -> Vec<Document> {
    let mut random = fastrand::Rng::with_seed(seed);
    (1..=count).map(|id| synthetic_document(id, &mut random)).collect()
}

/// Words of synthetic documents; the first are the most frequent.
pub const WORDS: [&str; 40] = [
    "library", "files", "tool", "data", "python", "module", "server", "network", "perl", "image",
    "sound", "editor", "font", "kernel", "driver", "mail", "web", "browser", "cluster", "mirror",
    "game", "parser", "crypto", "shell", "graph", "video", "archive", "compiler", "debug", "test",
    "index", "search", "agent", "daemon", "socket", "thread", "memory", "cache", "disk", "clock",
];

/// Sections of synthetic documents.
pub const SECTIONS: [&str; 8] =
    ["admin", "devel", "doc", "games", "libs", "net", "python", "utils"];

/// Deals the documents out to shards in turn.
pub fn split(documents: Vec<Document>, shards: usize) -> Vec<Vec<Document>> {
    let mut parts = vec![Vec::with_capacity(documents.len() / shards + 1); shards];
    for (number, document) in documents.into_iter().enumerate() {
        parts[number % shards].push(document);
    }
    parts
}

const SMALL_KB: u32 = 800;

/// Debian 12 has some more; other distributions may have fewer.
const FEWEST_PACKAGES: usize = 60_000;

fn dump_available() -> Result<Vec<Document>> {
    let mut child = Command::new("apt-cache")
        .arg("dumpavail")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting apt-cache dumpavail")?;
    let stdout = child.stdout.take().context("stdout of apt-cache")?;
    let documents = parse(BufReader::new(stdout))?;
    child.wait()?;
    Ok(documents)
}

/// Records of Debian's control format, one paragraph a document.
fn parse(mut input: impl BufRead) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    let mut record = Document::default();
    let mut line = Vec::new();
    let mut key = String::new();
    loop {
        line.clear();
        interrupt::check()?;
        let ended = input.read_until(b'\n', &mut line)? == 0;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() {
            if !record.name.is_empty() {
                record.id = documents.len() as u64 + 1;
                documents.push(std::mem::take(&mut record));
            }
            if ended {
                return Ok(documents);
            }
        } else if text.starts_with([' ', '\t']) {
            take_value(&mut record, &key, &plain(text));
        } else if let Some((name, value)) = text.split_once(':') {
            name.clone_into(&mut key);
            take_value(&mut record, &key, &plain(value));
        }
    }
}

fn take_value(record: &mut Document, key: &str, value: &str) {
    match key {
        "Package" => value.clone_into(&mut record.name),
        "Section" => value.clone_into(&mut record.section),
        "Priority" => value.clone_into(&mut record.priority),
        "Installed-Size" => record.installed_size = value.parse().unwrap_or(u32::MAX),
        "Size" => record.size = value.parse().unwrap_or(u64::from(u32::MAX)),
        "Description" | "Depends" | "Maintainer" => append(&mut record.body, value),
        "Tag" => {
            append(&mut record.body, value);
            record.tags.extend(value.split(", ").map(|tag| hash(tag.trim_end_matches(','))));
        }
        _ => {}
    }
}

/// The value without what would break a line of tsvpipe.
fn plain(value: &str) -> String {
    value.trim().replace(|symbol: char| symbol.is_control() || symbol == '\\', " ")
}

fn append(body: &mut String, text: &str) {
    if !body.is_empty() {
        body.push(' ');
    }
    body.push_str(text);
}

/// FNV-1a: stable over machines and versions, unlike the standard library's hasher.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn synthetic_document(id: u64, random: &mut fastrand::Rng) -> Document {
    let words = random.usize(3..30);
    let body: Vec<&str> = (0..words).map(|_| frequent_word(random)).collect();
    let installed_size = random.u32(1..200) * 16;
    Document {
        id,
        name: format!("{}-{}-{id}", frequent_word(random), frequent_word(random)),
        body: body.join(" "),
        section: SECTIONS[random.usize(..SECTIONS.len())].to_owned(),
        priority: ["optional", "required", "extra"][random.usize(..3)].to_owned(),
        installed_size,
        size: u64::from(installed_size) * random.u64(100..900) * 1_000,
        tags: (0..random.usize(..5)).map(|_| random.u32(1..20)).collect(),
    }
}

fn frequent_word(random: &mut fastrand::Rng) -> &'static str {
    WORDS[random.usize(..WORDS.len()).min(random.usize(..WORDS.len()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: &str = "Package: a-b\nInstalled-Size: 2\nMaintainer: M <m@x>\n\
        Description: short\tone\n long \\ line\nTag: x::y, z,\n q\nSection: net\n\
        Priority: optional\nSize: 4096\n\nVersion: 1\n\nPackage: last\nSize: 99999999999";

    #[test]
    fn records_become_documents() {
        let documents = parse(RECORDS.as_bytes()).expect("records");
        assert_eq!(documents.len(), 2);
        let first = &documents[0];
        assert_eq!((first.id, first.name.as_str(), first.section.as_str()), (1, "a-b", "net"));
        assert_eq!(first.body, "M <m@x> short one long   line x::y, z, q");
        assert_eq!(first.tags, BTreeSet::from([hash("x::y"), hash("z"), hash("q")]));
        assert_eq!(first.ratio(), 2.0);
        assert_eq!((documents[1].id, documents[1].size), (2, 99_999_999_999));
    }

    #[test]
    fn a_line_has_a_column_for_each_that_indexer_is_told() {
        let mut line = Vec::new();
        synthetic_document(7, &mut fastrand::Rng::with_seed(1)).write_tsv(&mut line).expect("tsv");
        let columns = line.split(|byte| *byte == b'\t').count();
        assert_eq!(columns, Document::TSV_COLUMNS.lines().count() + 1);
    }

    #[test]
    fn synthetic_documents_depend_on_nothing_but_the_seed() {
        assert_eq!(synthetic(50, 3), synthetic(50, 3));
        assert_ne!(synthetic(50, 3), synthetic(50, 4));
        let parts = split(synthetic(5, 3), 2);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    }
}
