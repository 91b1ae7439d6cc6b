//! The harness itself: daemons obey, and the oracle understands them.

use anyhow::Result;
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::corpus;
use hamirror_tests::oracle::{Oracle, Query};

#[test]
fn daemons_die_return_and_answer() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(500, 1), |_| {})?;
    let address = cluster.daemon(0, 0).address();
    let everything = Query { limit: 3, ..Query::default() };
    assert_eq!(Oracle::connect(address)?.search("packages0", &everything)?.total_found, 250);
    cluster.daemon(0, 0).kill()?;
    assert!(Oracle::connect(address).is_err());
    cluster.daemon(0, 0).restart()?;
    assert_eq!(Oracle::connect(address)?.search("packages0", &everything)?.rows.len(), 3);
    cluster.daemon(0, 0).pause()?;
    cluster.daemon(0, 0).resume()?;
    cluster.daemon(0, 0).stop()?;
    assert!(Oracle::connect(address).is_err());
    Ok(())
}

#[test]
fn a_real_master_merges_the_shards() -> Result<()> {
    let documents = corpus::synthetic(500, 2);
    let expected = documents.clone();
    let mut cluster = Cluster::start(documents, |_| {})?;
    for agents in [Agents::Persistent, Agents::Plain] {
        let master = cluster.start_master(agents)?;
        let mut oracle = Oracle::connect(master.address())?;
        let query = Query { sort: 4, sort_by: "@id desc".to_owned(), ..Query::default() };
        let answer = oracle.search(INDEX, &query)?;
        assert_eq!((answer.total, answer.total_found), (500, 500));
        let ids: Vec<u64> = answer.rows.iter().map(|row| row.id).collect();
        assert_eq!(ids, (481..=500).rev().collect::<Vec<_>>());
        let name = answer.columns.iter().position(|column| column.0 == "name");
        let last = &answer.rows[0].values[name.expect("a column name")];
        assert_eq!(*last, expected[499].name);
        assert!(oracle.search("nosuch", &query).is_err());
    }
    Ok(())
}
