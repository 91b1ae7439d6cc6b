//! What searchd 2.2.11, which takes every older version of SEARCH, answers to requests in the
//! layouts of older daemons.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use hamirror::internal::search::{SearchRequest, merge};
use hamirror::request::{Access, Command, Layout, Reply, Request, Target, Verdict};
use hamirror::search::{Condition, GroupBy, Grouping, Sort};
use hamirror::{Client, Completeness, Config, Error, Search};
use hamirror_tests::cluster::{Cluster, INDEX};
use hamirror_tests::corpus;

#[test]
fn older_layouts_are_answered_alike() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 7), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let order = || Sort::Extended("@id asc".into());
    let grouping = || Grouping::new(GroupBy::Attribute("section".into()));
    let searches = [
        (1, Search::new("").limit(1_000).select(COLUMNS).sort(order())),
        (1, Search::new("").select("weight() w, name, ratio*2 r").sort(order())),
        (
            1,
            Search::new("")
                .filter("size", Condition::range(0, 900_000_000_000_i64))
                .select(COLUMNS),
        ),
        (1, Search::new("").filter("tags", Condition::any_of([5, 17])).select(COLUMNS)),
        (1, Search::new("").group(grouping()).select("section, count(*) c, sum(size) s")),
        // To masters below 3 JSON columns are texts.
        (6, Search::new("").limit(1_000).sort(order())),
        (6, Search::new("").select("facts.kb k, facts.ratio").sort(order())),
        (6, Search::new("").filter("ratio", Condition::above(9.5)).sort(order())),
    ];
    for (master_min, search) in &searches {
        let usual = shown(&client, search, Layout::default())?;
        ensure!(usual.len() > 1, "nothing is compared: {search:?}");
        for (version, master) in LAYOUTS.into_iter().filter(|(_, own)| own >= master_min) {
            let found = shown(&client, search, Layout { version, master })?;
            ensure!(found == usual, "{version:#x}, master {master}: {found:?} / {usual:?}");
        }
    }
    Ok(())
}

const COLUMNS: &str =
    "name, section, priority, installed_size, size, ratio, added, tags, small, wide";

const LAYOUTS: [(u16, u32); 9] = [
    (0x119, 1),
    (0x119, 6),
    (0x11a, 1),
    (0x11a, 6),
    (0x11b, 6),
    (0x11c, 6),
    (0x11d, 6),
    (0x11e, 6),
    (0x11e, 14),
];

/// The rows of the first agent, with all values.
fn shown(client: &Client, search: &Search, layout: Layout) -> Result<Vec<String>> {
    let inner = SearchRequest::new(INDEX, search, SystemTime::UNIX_EPOCH)?;
    let request: Arc<dyn Request> = Arc::new(InLayout { inner: inner.clone(), layout });
    let reply = client.call(INDEX, 0, &request).with_context(|| format!("{layout:x?}"))?;
    let result = merge(&inner, vec![("box", Ok(reply))], Completeness::All)?;
    let row = |row: hamirror::Row<'_>| {
        let values: Vec<String> = result
            .columns()
            .iter()
            .enumerate()
            .map(|(number, column)| format!("{}={:?}", column.name, row.value(number)))
            .collect();
        format!("{} {} {}", row.id(), row.weight(), values.join(" "))
    };
    let mut rows: Vec<String> = result.rows().map(row).collect();
    rows.push(format!("{} of {}", result.total, result.total_found));
    Ok(rows)
}

/// A search in a layout that its agent need not have asked for.
struct InLayout {
    inner: SearchRequest,
    layout: Layout,
}

impl Request for InLayout {
    fn command(&self) -> Command {
        Command { version: self.layout.version, ..self.inner.command() }
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, target: &Target<'_>, body: &mut Vec<u8>) -> Result<(), Error> {
        self.inner.encode(&Target { layout: self.layout, ..*target }, body)
    }

    fn judge(&self, reply: &mut Reply) -> Verdict {
        reply.layout = self.layout;
        self.inner.judge(reply)
    }
}
