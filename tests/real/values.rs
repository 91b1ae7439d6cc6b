//! Values that have two readings, and results that hold less than was asked for, beside a real
//! master.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hamirror::Value;
use hamirror::{CallOptions, Client, Completeness, Config, Error, Search, SearchResult};
use hamirror_tests::daemon::{Daemon, free_port};
use hamirror_tests::oracle::Oracle;
use hamirror_tests::packages::{self, Tool};
use tempfile::TempDir;

/// What JSON attributes are fed with: null inside, other fields, no document in three ways, and
/// documents that hold nothing.
const DOCUMENTS: [&str; 9] = [
    r#"{"base":null,"n":1}"#,
    r#"{"n":2,"base":"","whole":{"a":null}}"#,
    "",
    "null",
    "no json",
    "{}",
    "[]",
    r#"[null,1]"#,
    r#"{"base":[null,1.5,true],"n":-9000000000}"#,
];

const IDS: [u64; 5] = [100, (1 << 63) - 1, 1 << 63, (1 << 63) + 5, u64::MAX];

/// Two agents and a master over both, all real; with other columns on the second one beside them.
struct Site {
    agents: [Daemon; 2],
    master: Daemon,
    folder: TempDir,
}

impl Site {
    fn start() -> Result<Site> {
        packages::ensure(&[Tool::Searchd])?;
        let folder = tempfile::Builder::new().prefix("hamirror-").tempdir()?;
        let agent = |number: usize| {
            let home = folder.path().join(format!("agent{number}"));
            fs::create_dir_all(&home)?;
            let differing = ["rt_attr_uint = size", "rt_attr_float = size\nrt_attr_uint = more"];
            let sections = index("docs", &home, "") + &index("other", &home, differing[number]);
            Daemon::start(&home, &sections, "")
        };
        let agents = [agent(0)?, agent(1)?];
        let master = Daemon::start(&folder.path().join("master"), &dist(&agents), MASTER)?;
        Ok(Site { agents, master, folder })
    }

    /// The documents by turns, then one with each of the ids, in every index.
    fn fill(&self) -> Result<()> {
        let plain = DOCUMENTS.iter().zip(1_u64..).map(|(document, id)| (id, *document));
        let all = plain.chain(IDS.map(|id| (id, r#"{"a":1}"#)));
        for (number, (id, document)) in all.enumerate() {
            let mut oracle = Oracle::connect(self.agents[number % 2].address())?;
            for index in ["docs", "other"] {
                let columns = "(id, title, gid, js)";
                let values = format!("({id}, 'word', 7, '{document}')");
                oracle.sphinxql(&format!("INSERT INTO {index} {columns} VALUES {values}"))?;
            }
        }
        Ok(())
    }

    fn client(&self) -> Result<Client> {
        Ok(Client::new(&Config::parse(&dist(&self.agents), "values.conf")?)?)
    }
}

fn index(name: &str, home: &Path, more: &str) -> String {
    format!(
        "index {name}\n{{\ntype = rt\npath = {home}/{name}\nrt_field = title\nrt_attr_uint = gid\n\
         rt_attr_json = js\n{more}\n}}\n",
        home = home.display()
    )
}

fn dist(agents: &[Daemon; 2]) -> String {
    let [one, other] = agents.each_ref().map(Daemon::address);
    let section = |name| {
        format!(
            "index all_{name}\n{{\ntype = distributed\nagent = {one}:{name}\n\
             agent = {other}:{name}\n}}\n"
        )
    };
    section("docs") + &section("other")
}

const MASTER: &str = "    dist_threads = 4\n";

fn printed(value: Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Uint(value) => value.to_string(),
        Value::Bigint(value) => value.to_string(),
        Value::Uint64(value) => value.to_string(),
        Value::Json(json) => json.to_string(),
        other => format!("{other:?}"),
    }
}

fn rows(result: &SearchResult) -> Vec<Vec<String>> {
    let columns = result.columns().len();
    let row = |row: hamirror::search::Row<'_>| {
        (0..columns).map(|column| printed(row.value(column))).collect()
    };
    result.rows().map(row).collect()
}

#[test]
fn every_value_is_what_a_master_prints() -> Result<()> {
    let site = Site::start()?;
    site.fill()?;
    let client = site.client()?;
    let mut master = Oracle::connect(site.master.address())?;
    let mut nulls = 0;
    for list in [
        "id, gid, js",
        "id, js.base, js.n, js.base b, js.whole w, js.whole.a, js.nothing",
        "id, js[0], js[1] one",
        "id, js whole",
        "js.base, id",
        "id, id other, gid",
    ] {
        let found = rows(&client.search("all_docs", &Search::new("word").select(list))?);
        let statement = format!("SELECT {list} FROM all_docs WHERE MATCH('word') LIMIT 20");
        ensure!(found == master.sphinxql(&statement)?, "{list}: {found:#?}");
        nulls += found.iter().flatten().filter(|value| *value == "NULL").count();
    }
    ensure!(nulls > 30, "{nulls} values are NULL");
    for ids in [&IDS[2..3], &IDS[3..], &IDS[1..4], &IDS[..]] {
        let search = Search::new("").select("id");
        let list: Vec<String> = ids.iter().map(u64::to_string).collect();
        let found =
            rows(&client.search("all_docs", &search.clone().filter_ids(ids.iter().copied()))?);
        ensure!(found.concat() == list, "{found:?} of {list:?}");
        let range = (ids[0], ids[ids.len() - 1]);
        let inside = search.clone().id_range(range.0, range.1);
        let outside = search.clone().exclude_id_range(range.0, range.1);
        let inside = rows(&client.search("all_docs", &inside)?).concat();
        let outside = rows(&client.search("all_docs", &outside)?).concat();
        ensure!(inside == list, "{inside:?} of {list:?}");
        let all = DOCUMENTS.len() + IDS.len();
        ensure!(outside.len() == all - ids.len(), "{outside:?} outside of {list:?}");
        ensure!(!outside.iter().any(|id| list.contains(id)), "{outside:?} outside of {list:?}");
        let rest = search.exclude_ids(ids.iter().copied());
        let rest = client.search("all_docs", &rest)?;
        ensure!(rest.len() == DOCUMENTS.len() + IDS.len() - ids.len(), "{list:?}");
    }
    Ok(())
}

#[test]
fn what_real_agents_do_not_have_in_common_is_told() -> Result<()> {
    let site = Site::start()?;
    site.fill()?;
    let client = site.client()?;
    let search = |search: &Search| client.search("all_other", search);
    let warning = search(&Search::new(""))?.warning.context("a warning")?;
    let [one, other] = site.agents.each_ref().map(Daemon::address);
    let size = format!("column 'size' is left out: uint on agent {one}, float on agent {other}");
    ensure!(warning.contains(&size), "{warning}");
    let more = format!("column 'more' is left out: not on agent {one}, uint on agent {other}");
    ensure!(warning.contains(&more), "{warning}");
    let error = search(&Search::new("").select("size")).expect_err("no common type");
    let types = format!("uint on agent {one}, float on agent {other}");
    ensure!(error.to_string().contains(&types), "{error}");

    let cut = search(&Search::new("").select("gid").limit(50).max_matches(4))?;
    let warning = cut.warning.context("a warning")?;
    ensure!(warning.contains("only the first 4 of 14 rows"), "{warning}");
    let stopped = search(&Search::new("").select("gid").cutoff(2))?;
    ensure!(stopped.total_found == 4, "{}", stopped.total_found);
    let warning = stopped.warning.context("a warning")?;
    let both = format!("cutoff 2 reached on agent {one} and agent {other}");
    ensure!(warning.contains(&both), "{warning}");
    let whole = search(&Search::new("").select("gid"))?;
    ensure!(whole.warning.is_none() && whole.len() == 14, "{:?}", whole.warning);
    Ok(())
}

/// The agent of the client is a master, and so is that one's, which lacks one of its own agents.
#[test]
fn an_agent_that_lacks_agents_has_not_answered_in_full() -> Result<()> {
    let site = Site::start()?;
    site.fill()?;
    let (living, dead) = (site.agents[0].address(), format!("127.0.0.1:{}", free_port()?));
    let half = format!(
        "index half\n{{\ntype = distributed\nagent = {living}:docs\nagent = {dead}:docs\n}}\n\
         index whole\n{{\ntype = distributed\nagent = {living}:docs\n}}\n"
    );
    let inner = Daemon::start(&site.folder.path().join("inner"), &half, MASTER)?;
    let middle = format!(
        "index middle\n{{\ntype = distributed\nagent = {}:half\n}}\n\
         index fine\n{{\ntype = distributed\nagent = {}:whole\n}}\n",
        inner.address(),
        inner.address()
    );
    let middle = Daemon::start(&site.folder.path().join("middle"), &middle, MASTER)?;
    for (agents, answered) in [
        (vec![format!("{}:half", inner.address())], 0),
        (vec![format!("{}:middle", middle.address())], 0),
        (vec![format!("{}:middle", middle.address()), format!("{living}:docs")], 1),
        (vec![format!("{}:fine", middle.address()), format!("{living}:docs")], 2),
    ] {
        let lines: String = agents.iter().map(|agent| format!("agent = {agent}\n")).collect();
        let text = format!("index top\n{{\ntype = distributed\n{lines}}}\n");
        let client = Client::new(&Config::parse(&text, "tree.conf")?)?;
        let search = Search::new("word");
        let result = client.search("top", &search)?;
        ensure!(result.len() == 7, "{} rows", result.len());
        ensure!(result.agents_answered == answered, "{agents:?}: {:?}", result.warning);
        ensure!(result.failures.len() == agents.len() - answered, "{:?}", result.failures);
        let options = CallOptions::default().completeness(Completeness::All);
        match client.search_with("top", &search, &options) {
            Ok(_) => ensure!(answered == agents.len(), "{agents:?}"),
            Err(Error::Unanswered { failures, .. }) => {
                ensure!(answered < agents.len(), "{failures:?}");
                ensure!(failures[0].to_string().contains(&dead), "{failures:?}");
            }
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}
