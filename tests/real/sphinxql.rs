//! The same statements to hamirror and to a real 2.2.11 master over the same agents: rows, their
//! order, columns and types are equal.

use anyhow::{Context, Result, ensure};
use hamirror::sphinxql::Parameters;
use hamirror::{Answer, Client, Config, Error, Kind, Session};
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::corpus::{self, SECTIONS, WORDS};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::oracle::{Mysql, Table};

#[test]
fn every_generated_statement_gives_what_a_master_gives() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(3_000, 5), |_| {})?;
    let (_master, mut oracle) = start_master(&cluster)?;
    let mut session = Client::new(&Config::read(cluster.config())?)?.session();
    let mut random = fastrand::Rng::with_seed(11);
    let (mut answers, mut empty, mut refused) = (0, 0, 0);
    for number in 0..1_000 {
        let text = statement(&mut random);
        let found = run(&mut session, &text);
        let expected = oracle.table(&text);
        match (&found, &expected) {
            (Ok(found), Ok(expected)) => {
                let found = table(found);
                ensure!(found.rows == expected.rows, "{number}: {text}\n{found:?}\n{expected:?}");
                // A master that found nothing names `id` alone, whatever was asked for.
                let has_rows = !expected.rows.is_empty();
                let is_alike = found.columns == expected.columns;
                let columns = (&found.columns, &expected.columns);
                ensure!(is_alike || !has_rows, "{number}: {text}\n{columns:?}");
                compare_meta(&mut session, &mut oracle).with_context(|| text.clone())?;
                answers += 1;
                empty += usize::from(!has_rows);
            }
            (Err(_), Err(_)) => refused += 1,
            _ => panic!("{number}: {text}\n{found:?}\nbut a master: {expected:?}"),
        }
    }
    let seen = (answers, empty, refused);
    ensure!(answers >= 550 && empty >= 100, "too tame: {seen:?}");
    Ok(())
}

#[test]
fn grouped_statements_give_what_a_master_gives() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(3_000, 9), |_| {})?;
    let (_master, mut oracle) = start_master(&cluster)?;
    let mut session = Client::new(&Config::read(cluster.config())?)?.session();
    for text in GROUPED {
        let found = run(&mut session, text).with_context(|| text.to_owned())?;
        let (found, expected) = (table(&found), oracle.table(text)?);
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
        let found = table(&run(&mut session, refused).with_context(|| refused.to_owned())?);
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
        let first = table_row(&meta, 0);
        ensure!(first.first() == Some(&Some("error".to_owned())), "{text}: {first:?}");
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

fn compare_meta(session: &mut Session, oracle: &mut Mysql) -> Result<()> {
    // Time differs, and masters do not tell where a result ends early.
    let is_alike = |row: &Vec<Option<String>>| match row.as_slice() {
        [Some(key), Some(text)] if key == "warning" => {
            !["cutoff", "can be had", "left out"].iter().any(|part| text.contains(part))
        }
        [Some(key), _] => key != "time",
        _ => true,
    };
    let mut found = table(&run(session, "show meta")?);
    let mut expected = oracle.table("show meta")?;
    ensure!(found.columns == expected.columns, "{found:?}\n{expected:?}");
    for rows in [&mut found.rows, &mut expected.rows] {
        rows.retain(is_alike);
        // Words come in the order of the agents that answered first.
        rows.sort();
    }
    ensure!(found.rows == expected.rows, "{found:?}\n{expected:?}");
    Ok(())
}

fn run(session: &mut Session, text: &str) -> Result<Answer, Error> {
    let mut answers = session.execute(text, &Parameters::none())?;
    Ok(answers.remove(0))
}

fn table(answer: &Answer) -> Table {
    let kind = |kind: Kind| match kind {
        Kind::Uint | Kind::Bool | Kind::Timestamp | Kind::TokenCount => LONG,
        Kind::Bigint | Kind::Uint64 => LONG_LONG,
        Kind::Float => FLOAT,
        _ => STRING,
    };
    let columns = answer.columns.iter().map(|column| (column.name.clone(), kind(column.kind)));
    let rows = (0..answer.len()).map(|row| table_row(answer, row));
    Table { columns: columns.collect(), rows: rows.collect() }
}

fn table_row(answer: &Answer, row: usize) -> Vec<Option<String>> {
    let text = |text: Vec<u8>| String::from_utf8_lossy(&text).into_owned();
    (0..answer.columns.len()).map(|column| answer.text(row, column).map(text)).collect()
}

/// A statement without groups, with every clause now and then.
fn statement(random: &mut fastrand::Rng) -> String {
    let mut text = format!("SELECT {} FROM {INDEX}", pick(random, &LISTS));
    let mut conditions: Vec<String> = (0..random.usize(..3)).map(|_| condition(random)).collect();
    if random.u8(..3) > 0 {
        let (one, two) = (pick(random, &WORDS), pick(random, &WORDS));
        let query = match random.u8(..5) {
            0 | 1 => one.to_owned(),
            2 => format!("{one} | {two}"),
            3 => format!("\\\"{one} {two}\\\""),
            _ => format!("@title {one} -{two}"),
        };
        conditions.insert(0, format!("MATCH('{query}')"));
    }
    for (number, condition) in conditions.iter().enumerate() {
        text += if number == 0 { " WHERE " } else { " and " };
        text += condition;
    }
    for clause in [pick(random, &ORDERS), pick(random, &LIMITS), pick(random, &OPTIONS)] {
        text += clause;
    }
    text
}

fn condition(random: &mut fastrand::Rng) -> String {
    let low = random.i64(0..2_000);
    let high = low + random.i64(0..2_000);
    let section = pick(random, &SECTIONS);
    let other = pick(random, &SECTIONS);
    match random.usize(..22) {
        0 => format!("installed_size>{low}"),
        1 => format!("installed_size BETWEEN {low} AND {high}"),
        2 => format!("size<={}", high * 200_000),
        3 => format!("ratio<{:.3}", low as f32 / 4.0),
        4 => format!("ratio>={low}"),
        5 => format!("tags IN ({}, {})", low % 20, high % 20),
        6 => format!("tags NOT IN ({})", low % 20),
        7 => format!("id BETWEEN {low} AND {high}"),
        8 => format!("id NOT IN ({low},{},{high})", low + 1),
        9 => format!("section='{section}'"),
        10 => format!("section <> '{section}'"),
        11 => format!("section in ('{section}', '{other}')"),
        12 => format!("section NOT IN ('{section}')"),
        13 => format!("(small={} AND wide=0)", random.u8(..2)),
        14 => format!("facts.kb < {low}"),
        15 => format!("facts.section = '{section}'"),
        16 => format!("facts.either IS {}NULL", if random.bool() { "NOT " } else { "" }),
        17 => format!("added > {}", 946_684_800 + low * 3_600),
        18 => format!("weight() > {low}"),
        19 => format!("id >= {low}"),
        20 => format!("ratio != {:.2}", low as f32 / 100.0),
        _ => format!("ratio BETWEEN {} AND {}.5", low / 4, high / 4),
    }
}

fn pick<'a>(random: &mut fastrand::Rng, choices: &[&'a str]) -> &'a str {
    choices[random.usize(..choices.len())]
}

const LISTS: [&str; 16] = [
    "*",
    "id",
    "ID, Installed_Size  *  2, weight()",
    "id, section, name sn, priority as p",
    "*, size*2 s2",
    "*, id",
    "id, id again, ratio, ratio/3 r3",
    "tags, wide, facts, id",
    "facts.kb, facts.tags, facts.either e, facts.mixed[0], facts['ratio'] fr",
    "installed_size>500 big, in(tags,3,7) has, if(small=1,2,3) v, added",
    "weight() w, `section`, id",
    "installed_size/7 x, id%7, size-5 AND small",
    "interval(installed_size,500,1000) i, year(added) y, length(tags) lt",
    "geodist(ratio,ratio,0.1,0.2) g, id",
    "exist('nosuch', 5) n, crc32(name) c, to_string(size) ts",
    "1, id, nosuch",
];

const ORDERS: [&str; 10] = [
    "",
    "",
    "",
    " ORDER BY id DESC",
    " order by installed_size asc, weight() desc, id asc",
    " ORDER BY section ASC, name DESC",
    " ORDER BY ratio DESC",
    " ORDER BY facts.kb ASC, id DESC",
    " ORDER BY added DESC, size ASC",
    " ORDER BY nosuch ASC",
];

const LIMITS: [&str; 7] =
    ["", "", " LIMIT 7", " limit 3,100", " LIMIT 0", " LIMIT 990, 100", " LIMIT 1000,5"];

const OPTIONS: [&str; 10] = [
    "",
    "",
    "",
    "",
    " OPTION ranker=bm25",
    " option ranker=expr('sum(lcs)*10+bm25'), max_matches=1000",
    " OPTION field_weights=(title=7, body=3)",
    " OPTION index_weights=(packages0=5, packages1=2), comment='it\\'s'",
    " OPTION cutoff=10",
    " OPTION reverse_scan=1, sort_method=kbuffer, idf='plain'",
];

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

/// Types as MySQL numbers them.
const LONG: u8 = 3;
const FLOAT: u8 = 4;
const LONG_LONG: u8 = 8;
const STRING: u8 = 254;
