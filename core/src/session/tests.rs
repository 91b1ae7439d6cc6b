//! Statements as searches, and what is refused before anything is sent.

use std::time::Duration;

use super::*;
use crate::config::Config;
use crate::search::{
    Condition, GroupBy, Grouping, Idf, MergeMode, Ranker, Search, Sort, SortMethod,
};

fn planned(text: &str) -> Planned {
    let statements = sphinxql::parse(text, &Parameters::none()).expect(text);
    match Plan::new(statements.into_iter().next().expect(text)) {
        Ok(Plan::Search(planned)) => planned,
        Ok(Plan::Tell(statement)) => panic!("{statement}"),
        Ok(Plan::Change(_) | Plan::Call(_)) => panic!("{text} is no SELECT"),
        Err(fault) => panic!("{}", fault.in_text(text).rendered()),
    }
}

fn base(text: &str, select: &str) -> Search {
    Search::new(text).select(select).sort(Sort::Extended("@weight desc".into()))
}

fn client() -> Client {
    let text = "index d\n{\n type = distributed\n local = own\n \
                agent = 127.0.0.1:1|127.0.0.1:2:a\n agent_blackhole = 127.0.0.1:3:b\n \
                agent = 127.0.0.1:1:c,d\n}\n\
                index e\n{\n type = distributed\n agent = 127.0.0.1:1:e\n}\n";
    Client::new(&Config::parse(text, "c").expect("it is valid")).expect("nothing is connected")
}

#[test]
fn an_alias_of_the_caller_is_no_alias_of_the_library() {
    let table = [
        ("select gid as hamirror_x from d", "gid AS hamirror_x"),
        (
            "select gid as count, size as hamirror_count from d",
            "gid AS hamirror_count_, size AS hamirror_count",
        ),
        ("select gid as max, size%max from d", "gid AS hamirror_max, size%hamirror_max"),
        ("select gid as max, size % max from d", "gid AS hamirror_max, size % hamirror_max"),
    ];
    for (text, expected) in table {
        let found = planned(text).searches.remove(0);
        assert_eq!(found, base("", expected), "{text}");
    }
    let text =
        "select facts as count from d where count.x=1 order by count.y desc, count['z'] asc";
    let expected = base("", "facts AS hamirror_count")
        .filter("hamirror_count.x", Condition::any_of([1]))
        .sort(Sort::Extended("hamirror_count.y desc, hamirror_count['z'] asc".into()));
    assert_eq!(planned(text).searches.remove(0), expected);
}

#[test]
fn whose_answer_to_give_is_an_option_of_a_select_and_its_facets() {
    let text = "select gid from d option merge_mode=master facet gid";
    let searches = planned(text).searches;
    let of_mode = |search: &Search| search.clone().merge_mode(MergeMode::Master) == *search;
    assert!(searches.len() == 2 && searches.iter().all(of_mode), "{searches:?}");
    let error = sphinxql::parse("select a from d option merge_mode=no", &Parameters::none());
    let error = Plan::new(error.expect("parsed").remove(0)).err().expect("no such mode");
    let text = error.in_text("select a from d option merge_mode=no").to_string();
    assert!(text.contains("one of exact"), "{text}");
}

#[test]
fn a_select_is_the_search_that_says_the_same() {
    let table = [
        ("select * from d", base("", "*")),
        (
            "select id, gid*2 g, weight() from d where match('a b') limit 3,4",
            base("a b", "id, gid*2 AS g, weight()").offset(3).limit(4),
        ),
        (
            "select gid*.5 half, weight() as Weight, weight*2 w from d where weight>5 \
             order by weight desc, gid asc",
            base("", "gid*0.5 AS half, weight() AS hamirror_weight, hamirror_weight*2 AS w")
                .filter("hamirror_weight", Condition::above(5))
                .sort(Sort::Extended("hamirror_weight desc, gid asc".into())),
        ),
        (
            "select id from d where gid=5 and gid!=6 and a.b='x' and name!='y' and r=1.5",
            base("", "id")
                .filter("gid", Condition::any_of([5]))
                .filter("gid", Condition::any_of([6]).negated())
                .filter("a.b", Condition::text("x"))
                .filter("name", Condition::text("y").negated())
                .filter("r", Condition::range(1.5_f32, 1.5)),
        ),
        (
            "select id from d where a<1 and a<=2 and a>3 and a>=4 and a between 5 and 6 and \
             r<1.5 and r between 1 and 2.5",
            base("", "id")
                .filter("a", Condition::below(1))
                .filter("a", Condition::at_most(2))
                .filter("a", Condition::above(3))
                .filter("a", Condition::at_least(4))
                .filter("a", Condition::range(5, 6))
                .filter("r", Condition::below(1.5_f32))
                .filter("r", Condition::range(1.0_f32, 2.5)),
        ),
        (
            "select id from d where a in (1,-2) and b not in ('x','y') and c in @v and d not in \
             @v and e is null and f is not null and all(t)>1 and any(t)=2 and weight()>7",
            base("", "id")
                .filter("a", Condition::any_of([1, -2]))
                .filter("b", Condition::any_text(["x", "y"]).negated())
                .filter("c", Condition::in_variable("@v"))
                .filter("d", Condition::in_variable("@v").negated())
                .filter("e", Condition::null())
                .filter("f", Condition::null().negated())
                .filter("t", Condition::above(1).of_all_values())
                .filter("t", Condition::any_of([2]))
                .filter("@weight", Condition::above(7)),
        ),
    ];
    for (text, expected) in table {
        let planned = planned(text);
        assert_eq!(planned.searches, [expected], "{text}");
        assert_eq!(planned.index, "d", "{text}");
    }
}

#[test]
fn orders_and_groups_are_those_of_the_search() {
    let by = |clause: &str| Sort::Extended(clause.to_owned());
    let table = [
        (
            "select id from d order by a, weight() desc, id asc",
            base("", "id").sort(by("a asc, @weight desc, id asc")),
        ),
        ("select id from d order by rand()", base("", "id").sort(by("@random"))),
        (
            "select gid, count(*) c from d group by gid",
            base("", "gid, count(*) AS c").group(Grouping::by("gid").order("@weight desc")),
        ),
        (
            "select gid from d group 3 by gid, a.b within group order by r desc having count(*)>2 \
             order by count(*) desc, groupby() asc",
            // The grouping says the order within groups.
            base("", "gid").sort(Sort::Relevance).group(
                Grouping::new(GroupBy::Attributes(vec!["gid".into(), "a.b".into()]))
                    .order("@count desc, @groupby asc")
                    .within("r desc")
                    .rows_per_group(3)
                    .having("count(*)", Condition::above(2)),
            ),
        ),
        (
            "select * from (select id from d order by a desc limit 99) order by b",
            base("", "id").sort(by("a desc")).limit(99).outer("b asc", 0, 99),
        ),
        (
            "select * from (select id from d order by a desc limit 9) order by b limit 2,3",
            base("", "id").sort(by("a desc")).limit(9).outer("b asc", 2, 3),
        ),
    ];
    for (text, expected) in table {
        let planned = planned(text);
        assert_eq!(planned.searches, [expected], "{text}");
        assert_eq!(planned.index, "d", "{text}");
    }
}

/// Ids have no sign, wherever the range ends.
#[test]
fn conditions_on_ids_reach_all_of_them() {
    const HIGH: u64 = 1 << 63;
    let table = [
        ("id=5", base("", "id").filter_ids([5])),
        ("id!=18446744073709551615", base("", "id").exclude_ids([u64::MAX])),
        ("id in (1, 9223372036854775808)", base("", "id").filter_ids([1, HIGH])),
        ("id not in (1,2)", base("", "id").exclude_ids([1, 2])),
        ("id>5", base("", "id").id_range(6, u64::MAX)),
        ("id>=9223372036854775808", base("", "id").id_range(HIGH, u64::MAX)),
        ("id<=5", base("", "id").id_range(0, 5)),
        ("id<5", base("", "id").id_range(0, 4)),
        ("id<0", base("", "id").id_range(1, 0)),
        ("id>-5", base("", "id").id_range(0, u64::MAX)),
        ("id<-5", base("", "id").id_range(1, 0)),
        ("id>18446744073709551615", base("", "id").id_range(1, 0)),
        ("id between -5 and 7", base("", "id").id_range(0, 7)),
        ("id between 7 and -5", base("", "id").id_range(1, 0)),
    ];
    for (condition, expected) in table {
        let planned = planned(&format!("select id from d where {condition}"));
        assert_eq!(planned.searches, [expected], "{condition}");
    }
}

#[test]
fn settings_reach_the_search_and_the_calls() {
    let planned = planned(
        "select id from d option ranker=expr('sum(lcs)'), field_weights=(title=3, body=-1), \
         index_weights=(d=5), max_matches=50, cutoff=3, max_query_time=60, retry_count=2, \
         retry_delay=100, agent_query_timeout=700, comment='hi', reverse_scan=1, \
         sort_method=kbuffer, idf='plain, tfidf_unnormalized', global_idf=1, boolean_simplify=1, \
         max_predicted_time=99, low_priority=1, token_filter='a.so:b:c:d' facet gid",
    );
    let expected = base("", "id")
        .ranker(Ranker::Expression("sum(lcs)".into()))
        .field_weight("title", 3)
        .field_weight("body", -1)
        .index_weight("d", 5)
        .max_matches(50)
        .cutoff(3)
        .max_query_time_ms(60)
        .comment("hi")
        .reverse_scan(true)
        .sort_method(SortMethod::KeepBuffer)
        .idf(Idf::Plain)
        .tfidf_normalized(false)
        .global_idf(true)
        .boolean_simplify(true)
        .max_predicted_time_ms(99)
        .low_priority(true)
        .token_filter("a.so", "b", "c:d");
    // A facet has the weights of indexes and the number of rows, and nothing else of it.
    let facet = base("", "gid, count(*)")
        .index_weight("d", 5)
        .max_matches(50)
        .group(Grouping::by("gid").order("@weight desc"));
    assert_eq!(planned.searches, [expected, facet]);
    let options = CallOptions {
        query_timeout: Some(Duration::from_millis(700)),
        retry_count: Some(2),
        retry_delay: Some(Duration::from_millis(100)),
        ..CallOptions::default()
    };
    assert_eq!(planned.options.under(&CallOptions::default()), options);
    let own = CallOptions { retry_count: Some(0), ..CallOptions::default() };
    assert_eq!(planned.options.under(&own), CallOptions { retry_count: Some(0), ..options });
}

#[test]
fn a_facet_groups_what_its_select_finds() {
    let planned = planned(
        "select id from d where match('a') and gid>5 limit 1 facet gid+1, f(a, b) x by c, e \
         order by count(*) desc limit 2,3 facet f(a, b) y distinct z order by facet()",
    );
    let found = || base("a", "").filter("gid", Condition::above(5));
    let first = found()
        .select("gid+1, f(a, b), count(*)")
        .group(
            Grouping::new(GroupBy::Attributes(vec!["c".into(), "e".into()])).order("@count desc"),
        )
        .offset(2)
        .limit(3);
    let second = found()
        .select("f(a, b), count(*), count(distinct z)")
        .group(Grouping::by("f(a, b)").order("@groupby asc"));
    assert_eq!(planned.searches, [found().select("id").limit(1), first, second]);
}

#[test]
fn what_can_not_be_done_is_refused_by_name_and_place() {
    let table = [
        ("select id from d having a>1", "1:25: 'a>1': HAVING is expected behind GROUP BY"),
        ("select id from d group 0 by a", "'group 0 by a': at least one row of a group"),
        (
            "select id, count(distinct b) c from d group 2 by a",
            "1:12: 'count(distinct b)': no COUNT(DISTINCT) is expected where groups have several",
        ),
        ("select id from d group by a order by rand()", "'rand()': a column is expected: groups"),
        ("select id from d order by j['a b']", "1:27: 'j['a b']': a column without blanks"),
        ("select id from d group by j['a,b']", "1:27: 'j['a,b']': a column without blanks"),
        ("select count(distinct a), count(distinct b) from d", "one COUNT(DISTINCT) is expected"),
        ("select id from d where a=18446744073709551615", "a whole number of 64 bits with a sign"),
        ("select id from d where a>1e39", "'1e39': a number that a float of 32 bits holds"),
        ("select id from d option nosuch=1", "1:25: 'nosuch': a setting of searches is expected"),
        ("select id from d option rand_seed=1", "'rand_seed': masters take this setting, and"),
        ("select id from d option ranker=nosuch", "1:32: 'nosuch': one of proximity_bm25, bm25"),
        ("select id from d option max_matches=0", "'0': a whole number from 1 on"),
        ("select id from d option cutoff='1'", "''1'': a whole number from 0 to 2147483647"),
        ("select id from d option retry_count=9", "'9': a whole number from 0 to 8"),
        ("select id from d option idf='x'", "''x'': plain, normalized"),
        ("select id from d option comment=5", "'5': a word or a text"),
        ("select id from d option field_weights=5", "'5': weights in brackets"),
        ("select id from d facet count(*)", "1:24: 'count(*)': a column or an expression"),
        ("select * from (select id from d limit 1,2) order by a", "'limit 1,2': no offset"),
        ("insert into d values (1)", "INSERT can't be run here"),
        ("replace into d values (1)", "REPLACE can't be run here"),
        ("call keywords('a')", "1:1: 'call keywords('a')': an index is expected"),
        ("call keywords(5, 'd')", "1:15: '5': a text between single quotes"),
        ("call keywords('a', 'd', 1, 2)", "1:28: '2': an option of the procedure"),
        ("call suggest('a')", "1:1: 'call suggest('a')': an index is expected"),
        ("call qsuggest('a', 'd', 5 as nosuch)", "1:30: 'nosuch': an option"),
        ("call suggest('a', 'd', -1 as limit)", "'-1': a whole number from 0"),
        ("call pq('d', 'a text')", "0 AS docs_json is expected"),
        (
            "call pq('d', 'x', 1 as docs_json)",
            "'1': 0 AS docs_json is expected: documents of JSON",
        ),
        ("call pq('d', 'x', 0 as docs_json, 5)", "'5': an option"),
        ("call snippets('a', 'd')", "words is expected"),
        ("call snippets('a', 'd', 'b', 1 as nosuch)", "1:35: 'nosuch': an option"),
        ("call snippets('a', 'd', 'b', -1 as limit)", "'-1': a whole number from 0"),
        ("call snippets('a', 'd', 'b', 'x' as html_strip_mode)", "one of index, none, strip"),
        ("show variables", "SHOW VARIABLES is of one daemon"),
        ("desc nosuch", "1:6: 'nosuch': an index of the configuration is expected"),
        // Nothing is sent before all of it is known to be possible.
        ("flush attributes; show meta; show variables", "1:30: 'show variables': SHOW VARIABLES"),
        ("select id from d wher a=1", "1:18: 'wher': the end of the statement is expected"),
    ];
    let client = client();
    for (text, expected) in table {
        match client.execute(text, &Parameters::none()) {
            Err(Error::Statement(diagnostic)) => {
                let told = diagnostic.rendered();
                assert!(told.contains(expected), "{text}\n{told}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn the_library_tells_of_indexes_and_agents_as_a_master_does() {
    let client = client();
    /// A statement, names of columns, rows.
    type Told<'a> = (&'a str, &'a [&'a str], &'a [&'a [&'a str]]);
    let table: [Told<'_>; 6] = [
        ("show tables", &["Index", "Type"], &[&["d", "distributed"], &["e", "distributed"]]),
        ("show tables like 'e%'", &["Index", "Type"], &[&["e", "distributed"]]),
        (
            "desc d",
            &["Agent", "Type"],
            &[
                &["own", "local"],
                &["127.0.0.1:1:a", "remote_1_mirror_1"],
                &["127.0.0.1:2:a", "remote_1_mirror_2"],
                &["127.0.0.1:1:c,d", "remote_2"],
                &["127.0.0.1:3:b", "remote_3"],
            ],
        ),
        ("describe `d` like '%:c%'", &["Agent", "Type"], &[&["127.0.0.1:1:c,d", "remote_2"]]),
        (
            "show agent status like 'ag_0_hostname'",
            &["Key", "Value"],
            &[&["ag_0_hostname", "127.0.0.1:1"]],
        ),
        (
            "show agent e status like '%_id'",
            &["Variable_name", "Value"],
            &[&["dstindex_1agent_id", "127.0.0.1:1:e"]],
        ),
    ];
    for (text, columns, rows) in table {
        let answers = client.execute(text, &Parameters::none());
        let answers = answers.unwrap_or_else(|error| panic!("{text}: {error}"));
        let [answer] = answers.as_slice() else { panic!("{text}") };
        let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, columns, "{text}");
        let found: Vec<Vec<String>> = texts(answer);
        assert_eq!(found, rows, "{text}");
    }
    let status = client.execute("show status", &Parameters::none());
    assert!(status.expect("it is told")[0].len() > 5);
}

#[test]
fn a_session_tells_what_became_of_its_last_statement() {
    let mut session = client().session();
    let mut told = |text: &str| {
        let answers = session.execute(text, &Parameters::none());
        answers.map(|answers| texts(&answers[0]))
    };
    let nothing = [["total", "0"], ["total_found", "0"], ["time", "0.000"]];
    assert_eq!(told("show meta").expect("rows"), nothing);
    assert!(told("show warnings").expect("rows").is_empty());
    let error = told("select id from").expect_err("no index").to_string();
    let meta = told("show meta").expect("rows");
    assert_eq!(meta[0], ["error", error.as_str()]);
    assert_eq!(meta[1..], nothing);
    assert_eq!(told("show meta like 'total%'").expect("rows"), nothing[..2]);
}

#[test]
fn only_what_was_started_is_waited_for() {
    let mut session = client().session();
    assert!(matches!(session.wait(None), Err(Error::Misuse(_))));
    let (nothing, options) = (Parameters::none(), CallOptions::default());
    session.start("show tables; show meta", &nothing, &options).expect("it can be done");
    assert!(session.start("show variables", &nothing, &options).is_err());
    assert!(matches!(session.wait(None), Err(Error::Misuse(_))));
    session.start("show tables; show meta", &nothing, &options).expect("it can be done");
    let answers = session.wait(None).expect("nobody is asked").expect("nobody is waited for");
    assert_eq!(answers.len(), 2);
    session.start("show tables", &nothing, &options).expect("it can be done");
    session.cancel();
    assert!(matches!(session.wait(None), Err(Error::Misuse(_))));
}

fn texts(answer: &Answer) -> Vec<Vec<String>> {
    let text = |row, column| {
        answer.text(row, column).map(|text| String::from_utf8_lossy(&text).into_owned())
    };
    (0..answer.len())
        .map(|row| {
            (0..answer.columns.len()).map(|column| text(row, column).unwrap_or_default()).collect()
        })
        .collect()
}

#[test]
#[expect(clippy::disallowed_types, reason = "an agent that says nothing")]
fn a_loop_is_told_what_a_session_waits_for() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("it listens");
    let text = format!("index d\n{{\n type = distributed\n agent = {address}:a\n}}\n");
    let client = Client::new(&Config::parse(&text, "c").expect("it is valid")).expect("a client");
    let mut session = client.session();
    let nothing = |session: &Session| (session.fd(), session.timeout()) == (None, None);
    assert!(nothing(&session));
    for text in ["select id from d", "call keywords('a', 'd')", "call snippets('a', 'd', 'b')"] {
        session.start(text, &Parameters::none(), &CallOptions::default()).expect(text);
        assert_eq!((session.fd(), session.timeout()), (None, Some(Duration::ZERO)), "{text}");
        assert!(session.wait(Some(Duration::ZERO)).expect(text).is_none(), "nobody answers");
        // The one who listens says nothing.
        assert!(session.fd().is_some(), "{text}");
        assert!(session.timeout().expect(text) <= Duration::from_secs(10), "{text}");
        session.cancel();
        assert!(nothing(&session), "{text}");
    }
}
