//! The same statements to hamirror and to a real 2.2.11 master over the same agents: rows, their
//! order, columns and types are equal.

use anyhow::{Context, Result, ensure};
use hamirror::sphinxql::Parameters;
use hamirror::{Answer, Client, Config, Error, Session};
use hamirror_tests::cluster::{Agents, Cluster};
use hamirror_tests::corpus;
use hamirror_tests::daemon::Daemon;
use hamirror_tests::differential::told::sql_table;
use hamirror_tests::oracle::Mysql;

#[test]
fn grouped_statements_give_what_a_master_gives() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(3_000, 9), |_| {})?;
    let (_master, mut oracle) = start_master(&cluster)?;
    let mut session = Client::new(&Config::read(cluster.config())?)?.session();
    for text in GROUPED {
        let found = run(&mut session, text).with_context(|| text.to_owned())?;
        let (found, expected) = (sql_table(&found), oracle.table(text)?);
        ensure!(!expected.rows.is_empty(), "{text}: a master finds nothing");
        ensure!(found.rows == expected.rows, "{text}\n{found:?}\n{expected:?}");
        ensure!(found.columns == expected.columns, "{text}\n{found:?}\n{expected:?}");
    }
    Ok(())
}

/// Masters hand a select list on as it is written, and their agents read less than a lone daemon.
#[test]
fn what_the_agents_of_a_master_would_refuse_is_answered() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(600, 12), |_| {})?;
    let (_master, mut oracle) = start_master(&cluster)?;
    let mut session = Client::new(&Config::read(cluster.config())?)?.session();
    let mut compare = |refused: &str, taken: &str, names: (&str, &str)| -> Result<()> {
        let told = oracle.table(refused).map(|_| ()).err().context("a master takes it now")?;
        ensure!(told.to_string().contains("syntax error"), "{refused}: {told}");
        let found = sql_table(&run(&mut session, refused).with_context(|| refused.to_owned())?);
        let expected = oracle.table(taken).with_context(|| taken.to_owned())?;
        ensure!(!expected.rows.is_empty(), "{taken}: a master finds nothing");
        ensure!(found.rows == expected.rows, "{refused}\n{found:?}\n{expected:?}");
        let mut columns = expected.columns;
        for (name, _) in &mut columns {
            if name == names.1 {
                names.0.clone_into(name);
            }
        }
        ensure!(found.columns == columns, "{refused}\n{:?}\n{columns:?}", found.columns);
        Ok(())
    };
    for word in API_WORDS {
        for text in ALIASED {
            let [refused, taken] = [word, "zz"].map(|alias| text.replace("{}", alias));
            compare(&refused, &taken, (word, "zz"))?;
        }
    }
    let same = ("", "");
    let half = "SELECT id, installed_size*{} x FROM packages WHERE x>100 ORDER BY x DESC, id ASC";
    compare(&half.replace("{}", ".5"), &half.replace("{}", "0.5"), same)?;
    let name = "SELECT id, ratio*{} FROM packages ORDER BY id ASC";
    let names = ("ratio*.5", "ratio*0.5");
    compare(&name.replace("{}", ".5"), &name.replace("{}", "0.5"), names)
}

/// What is no statement to a master is none here, but for what is taken beyond it.
#[test]
fn what_a_master_refuses_is_refused() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(50, 6), |_| {})?;
    let (_master, mut oracle) = start_master(&cluster)?;
    let mut session = Client::new(&Config::read(cluster.config())?)?.session();
    let table = [
        "select id from packages where installed_size=16 or installed_size=32",
        "select id from packages where not id=1",
        "select id from packages where id not between 1 and 2",
        "select id from packages where id in ()",
        "select id from packages where ratio in (1.5)",
        "select id from packages where installed_size=0x10",
        "select id from packages where installed_size=+16",
        "select id from packages where name > 'a'",
        "select id from packages where name in ('a', 5)",
        "select id from packages where name like 'a%'",
        "select id from packages where match(library)",
        "select id from packages where match('a') and match('b')",
        "select id from packages where count(*)>1",
        "select id from packages where @weight>1",
        "select id from packages where installed_size+1=17",
        "select id from packages order by installed_size+1 asc",
        "select id from packages order by rand(), id asc",
        "select id from packages group by id having id>1 and id<5",
        "select id from packages limit -1",
        "select id from packages limit 1 limit 2",
        "select id from packages limit 1 where id=1",
        "select id from packages option ranker=nosuch",
        "select id from packages option nosuch=1",
        "select id from packages option cutoff=-1",
        "select id from packages option max_matches=0",
        "select id from packages option ranker=none cutoff=1",
        "select id as limit from packages",
        "select id x y from packages",
        "select id, from packages",
        "select distinct section from packages",
        "select sum(size)+1 from packages",
        "select count(size) from packages",
        "select count(distinct size), count(distinct section) from packages",
        "select @id from packages",
        "select `section",
        "select id from packages where section='libs",
        "select id from packages where section=\"libs\"",
        "select id from packages -- all",
        "select id from packages # all",
        "select id from nosuch",
        "select id from (select id from packages) order by id asc",
        "select * from (select id from packages limit 1,2) order by id asc",
        "desc nosuch",
        "show processlist",
        "selec id from packages",
        "",
    ];
    for text in table {
        let expected = oracle.table(text);
        ensure!(expected.is_err(), "a master takes {text}: {expected:?}");
        let found = run(&mut session, text);
        ensure!(found.is_err(), "{text}: {found:?}");
        // A master tells of one that was no statement, too; the words are its own.
        let meta = run(&mut session, "show meta")?;
        let first = meta.text(0, 0);
        ensure!(first.as_deref() == Some(b"error"), "{text}: {first:?}");
    }
    Ok(())
}

/// A master over the cluster, and a session of it.
fn start_master(cluster: &Cluster) -> Result<(Daemon, Mysql)> {
    let folder = cluster.folder().join("sql");
    let socket = folder.join("sql.sock");
    let settings = format!("    listen = {}:mysql41\n    dist_threads = 4\n", socket.display());
    let master = Daemon::start(&folder, &cluster.config_text(Agents::Persistent, ""), &settings)?;
    Ok((master, Mysql::connect(&socket)?))
}

fn run(session: &mut Session, text: &str) -> Result<Answer, Error> {
    let mut answers = session.execute(text, &Parameters::none())?;
    Ok(answers.remove(0))
}

const GROUPED: [&str; 8] = [
    "SELECT COUNT(*) FROM packages",
    "SELECT COUNT(*) n, MIN(installed_size) a, MAX(installed_size) b FROM packages \
     WHERE MATCH('library')",
    "SELECT section, COUNT(*) n FROM packages GROUP BY section ORDER BY n DESC, section ASC",
    "SELECT small, section, COUNT(*) n FROM packages GROUP BY small, section \
     ORDER BY small ASC, section ASC",
    "SELECT section, COUNT(*) n, MAX(size) m FROM packages WHERE installed_size>500 \
     GROUP BY section ORDER BY section DESC LIMIT 1,3",
    "SELECT id, section, COUNT(*) n FROM packages GROUP BY section \
     WITHIN GROUP ORDER BY installed_size DESC, id ASC ORDER BY section ASC",
    "SELECT section, COUNT(*) n FROM packages GROUP BY section HAVING n>200 ORDER BY section ASC",
    "SELECT id, section, COUNT(*) n FROM packages GROUP 2 BY section \
     WITHIN GROUP ORDER BY id DESC ORDER BY section ASC",
];

/// Words that name no column in select lists of the API.
const API_WORDS: [&str; 10] = [
    "avg",
    "count",
    "distinct",
    "group_concat",
    "groupby",
    "max",
    "min",
    "option",
    "sum",
    "weight",
];

/// Statements with a free place for an alias.
const ALIASED: [&str; 6] = [
    "SELECT section, COUNT(*) AS {} FROM packages GROUP BY section ORDER BY {} DESC, section ASC",
    "SELECT section, COUNT(*) AS {} FROM packages GROUP BY section HAVING {}>3 \
     ORDER BY section ASC",
    "SELECT id, WEIGHT() AS {} FROM packages WHERE MATCH('library') ORDER BY {} DESC, id ASC",
    "SELECT id, installed_size*2 AS {}, {}+1 AS next FROM packages WHERE {}>100 \
     ORDER BY {} ASC, id ASC",
    "SELECT installed_size%3 AS {}, MAX(size) m FROM packages GROUP BY {} ORDER BY {} ASC",
    "SELECT *, section AS {} FROM packages ORDER BY id ASC LIMIT 5",
];
