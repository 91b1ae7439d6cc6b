//! Statements that are taken, and what is said of those that are not.

use super::*;

fn parsed(text: &str) -> Statement {
    match parse(text, &Parameters::none()) {
        Ok(mut statements) if statements.len() == 1 => statements.remove(0),
        Ok(statements) => panic!("{text}: {} statements", statements.len()),
        Err(fault) => panic!("{text}\n{}", fault.rendered()),
    }
}

fn fault(text: &str) -> String {
    match parse(text, &Parameters::none()) {
        Ok(statements) => panic!("{text} is taken: {statements:?}"),
        Err(fault) => fault.rendered(),
    }
}

/// Every clause, as written by others, and as it is printed.
#[test]
fn statements_say_what_they_said() {
    for &(text, expected) in STATEMENTS {
        let statement = parsed(text);
        assert_eq!(statement.to_string(), expected, "{text}");
        assert_eq!(parsed(expected), statement, "{text}");
    }
}

#[test]
fn aggregates_are_told_from_functions() {
    let text = "select SUM( gid*2 ) s, max(a, 5), MIN (x), count(distinct a.b), sum from d";
    let Statement::Select(select) = parsed(text) else { panic!() };
    let kinds: Vec<ItemKind> = select.items.into_iter().map(|item| item.kind).collect();
    let column = Column { text: "a.b".to_owned(), span: Span::default() };
    let expected = [
        ItemKind::Aggregate(Aggregate::Of("sum", "gid*2".to_owned())),
        ItemKind::Expression,
        ItemKind::Aggregate(Aggregate::Of("min", "x".to_owned())),
        ItemKind::Aggregate(Aggregate::CountDistinct(column)),
        ItemKind::Expression,
    ];
    assert_eq!(kinds, expected);
}

/// The place, what stands there, and what was expected.
#[test]
fn a_fault_is_told_with_its_place() {
    for &(text, expected) in FAULTS {
        let fault = fault(text);
        assert!(fault.contains(expected), "{text}\n{fault}\n{expected}");
    }
    let text = "select id\nfrom d\nwhere ü.a = 1 or b";
    let expected =
        ["statement:3:7: 'ü': a column is expected", "    where ü.a = 1 or b", "          ^"];
    assert_eq!(fault(text), expected.join("\n"));
}

#[test]
fn values_are_bound_and_never_read() {
    let text = "SELECT f(a, ?, -?) x FROM d WHERE MATCH(?) AND a = %s AND b IN ? AND c IN (?, 5) \
                AND d > ? LIMIT ?, ? OPTION comment = ?";
    let hostile = "') OR 1=1; DELETE FROM d -- \\";
    let values = Parameters::positional([
        7.into(),
        (-0.5).into(),
        hostile.into(),
        u64::MAX.into(),
        vec!["a'", "b"].into(),
        vec![1, -2].into(),
        3.into(),
        1.into(),
        2.into(),
        hostile.into(),
    ]);
    let statements = parse(text, &values).unwrap();
    let Statement::Select(select) = &statements[0] else { panic!() };
    assert_eq!(select.text.as_ref().unwrap().text, hostile);
    let expression = &select.items[0].text;
    assert_eq!(expression, "f(a, 7, -(-0.5))");
    assert_eq!(select.limit.as_ref().map(|limit| (limit.offset, limit.count)), Some((1, 2)));
    let printed = statements[0].to_string();
    assert_eq!(parse(&printed, &Parameters::none()).unwrap(), statements, "{printed}");

    let text = "SELECT a%(b)s FROM d WHERE c = :low AND d < %(high)s AND e = :low";
    let named = Parameters::named([("low", 1.into()), ("high", 2.into()), ("unused", 3.into())]);
    let fault = parse(text, &named).unwrap_err();
    assert!(fault.rendered().contains("1:9: '%(b)s': FROM is expected"), "{}", fault.rendered());
    let statements = parse(&text.replace("a%(b)s", "a%s"), &named).unwrap();
    let expected = "SELECT a%s FROM d WHERE c = 1 AND d < 2 AND e = 1";
    assert_eq!(statements[0].to_string(), expected);
}

#[test]
fn a_value_that_does_not_fit_its_place_is_refused() {
    let (one, two) = (Parameters::positional([1.into()]), Parameters::positional(["x".into()]));
    let name = Parameters::named([("a", Parameter::from(1))]);
    let float = |value: f64| Parameters::positional([value.into()]);
    let list = Parameters::positional([vec![1].into()]);
    let nested = Parameters::positional([vec![vec![1]].into()]);
    let table = [
        ("select id from d where match(?)", &one, "a text between single quotes is expected, and"),
        ("select id from d where a > ?", &two, "a number is expected"),
        ("select f(?) from d", &two, "a finite number is expected in an expression"),
        ("select f(?) from d", &float(f64::NAN), "a finite number is expected in an expression"),
        ("select id from d where a = ?", &float(f64::INFINITY), "a finite number, and not inf"),
        ("select id from d where a = ?", &list, "is expected, and no list"),
        ("select id from d where a in ?", &nested, "a list in a list can't be"),
        (
            "select id from d where a in ?",
            &Parameters::positional([Parameter::List(vec![])]),
            "at least one value is expected",
        ),
        ("select id from d where a in (?, ?)", &one, "no value is left for it: 1 were given"),
        ("select id from d", &one, "1 values were given for 0 places"),
        ("select id from d where a = :b", &name, "no value of this name was given"),
        ("select id from d where a = ?", &name, "values were given by name: write :name"),
        ("select id from d where a = :a", &one, "values were given in turn: write ?"),
        ("select id from ?", &two, "an index is expected"),
        ("select id from d limit ?", &Parameters::positional([(-1).into()]), "a number of rows"),
    ];
    for (text, parameters, expected) in table {
        let fault = parse(text, parameters).unwrap_err().rendered();
        assert!(fault.contains(expected), "{text}\n{fault}");
    }
}

/// A value is a word of its own, whatever stands beside it.
#[test]
fn a_value_in_an_expression_joins_no_word() {
    let parameters = Parameters::positional([5.into(), 6.into()]);
    let statements = parse("select f(a?b, ?.5) x from d", &parameters).unwrap();
    assert_eq!(statements[0].to_string(), "SELECT f(a 5 b, 6 .5) AS x FROM d");
}

#[test]
fn several_statements_stand_between_semicolons() {
    let parameters = Parameters::positional(["a".into(), 2.into()]);
    let text = "select id from d where match(?); show meta; select id from d limit ?;";
    let statements = parse(text, &parameters).unwrap();
    assert_eq!(statements.len(), 3);
    assert_eq!(statements[2].to_string(), "SELECT id FROM d LIMIT 0, 2");
    let many = "show meta;".repeat(33);
    let fault = parse(&many, &Parameters::none()).unwrap_err();
    assert!(fault.expected.contains("at most 32 statements"), "{fault}");
}

#[test]
fn limits_are_told() {
    let depth = |count: usize| {
        format!("select id from d where {}a=1{}", "(".repeat(count), ")".repeat(count))
    };
    assert!(parse(&depth(64), &Parameters::none()).is_ok());
    assert!(fault(&depth(65)).contains("brackets nest deeper than 64"));
    let deep = |count: usize| format!("select {}1{} from d", "(".repeat(count), ")".repeat(count));
    assert!(parse(&deep(64), &Parameters::none()).is_ok());
    assert!(fault(&deep(65)).contains("brackets nest deeper than 64"));
    let long = format!("select id from d where match('{}')", "a".repeat(8 << 20));
    assert!(fault(&long).contains("bytes are more than 8388608"));
    let list = vec!["a"; 4_097].join(",");
    assert!(fault(&format!("select {list} from d")).contains("at most 4096 entries"));
    assert!(fault(&format!("select id from {list}")).contains("at most 4096 names"));
    for clause in ["group by", "order by", "group by a within group order by"] {
        let told = fault(&format!("select id from d {clause} {list}"));
        assert!(told.contains("at most 4096 columns"), "{clause}: {told}");
    }
    let conditions = vec!["a=1"; 10_241].join(" and ");
    let told = fault(&format!("select id from d where {conditions}"));
    assert!(told.contains("at most 10240 conditions"), "{told}");
    let too_many = Parameters::positional([vec![1; (1 << 20) + 1].into()]);
    let told = parse("select id from d where a in ?", &too_many).unwrap_err();
    assert!(told.expected.contains("more than 1048576"), "{told}");
}

/// Statements, and how they are printed.
const STATEMENTS: &[(&str, &str)] = &[
    ("select * from d", "SELECT * FROM d"),
    (
        "SELECT id, gid  *  2 g, weight() FROM d, e;",
        "SELECT id, gid  *  2 AS g, weight() FROM d, e",
    ),
    (
        "select gid group, group limit_ from where",
        "SELECT gid AS group, group AS limit_ FROM where",
    ),
    ("select `gid`, `gid`+1, `order` from `d`", "SELECT gid, gid+1, `order` FROM d"),
    ("select gid /* c */ , a /* d */ +/**/ 1 from d /* e */", "SELECT gid, a + 1 FROM d"),
    ("select gid--1 x from d", "SELECT gid--1 AS x FROM d"),
    (
        "select count(*), COUNT( * ) c, count(distinct a.b) from d",
        "SELECT count(*), COUNT( * ) AS c, count(distinct a.b) FROM d",
    ),
    (
        "select SUM( gid*2 ) s, max(a, 5) m, MIN (x) from d",
        "SELECT SUM( gid*2 ) AS s, max(a, 5) AS m, MIN (x) FROM d",
    ),
    (
        "select geodist(a,b,0.1,.2,{in=rad, out=km}) g, in(tags,1,2) and not x y from d",
        "SELECT geodist(a,b,0.1,.2,{in=rad, out=km}) AS g, in(tags,1,2) and not x AS y FROM d",
    ),
    (
        "select any(x=1 for x in j.tags) q, j.a['k'][0].b, a is not null n, -a from d",
        "SELECT any(x=1 for x in j.tags) AS q, j.a['k'][0].b, a is not null AS n, -a FROM d",
    ),
    ("select a%s, a%size, a % 2 from d", "SELECT a%s, a%size, a % 2 FROM d"),
    (
        "select id from d where match('it\\'s \\\\ \\n')",
        "SELECT id FROM d WHERE MATCH('it\\'s \\\\ \n')",
    ),
    (
        "select id from d where a=1 and match('x') and b!=2 and c<>'q'",
        "SELECT id FROM d WHERE MATCH('x') AND a = 1 AND b != 2 AND c != 'q'",
    ),
    (
        "select id from d where (a=1 and (b=2)) and c in (1,-2) and e not in('x')",
        "SELECT id FROM d WHERE a = 1 AND b = 2 AND c IN (1, -2) AND e NOT IN ('x')",
    ),
    (
        "select id from d where a>1 and a>=- 1.5 and a<1e3 and a<=.5 and a between -1 and 2",
        "SELECT id FROM d WHERE a > 1 AND a >= -1.5 AND a < 1000.0 AND a <= 0.5 AND \
             a BETWEEN -1 AND 2",
    ),
    (
        "select id from d where any(t)=1 and ALL(t) in (1) and any=1 and match=2",
        "SELECT id FROM d WHERE ANY(t) = 1 AND ALL(t) IN (1) AND any = 1 AND match = 2",
    ),
    (
        "select id from d where a in @x and b not in @y and j.a is null and j.b is not null",
        "SELECT id FROM d WHERE a IN @x AND b NOT IN @y AND j.a IS NULL AND j.b IS NOT NULL",
    ),
    (
        "select id from d where weight()>1 and j['k'].a[1]=007 and id=18446744073709551615",
        "SELECT id FROM d WHERE weight() > 1 AND j['k'].a[1] = 7 AND \
             id = 18446744073709551615",
    ),
    (
        "select id from d group by a, j.b within group order by x, y desc having count(*)>1 \
          order by a asc, weight() desc limit 5",
        "SELECT id FROM d GROUP BY a, j.b WITHIN GROUP ORDER BY x ASC, y DESC HAVING \
             count(*) > 1 ORDER BY a ASC, weight() DESC LIMIT 0, 5",
    ),
    ("select id from d group 3 by a limit 2,3", "SELECT id FROM d GROUP 3 BY a LIMIT 2, 3"),
    (
        "select id from d order by rand() limit 3 offset 2",
        "SELECT id FROM d ORDER BY RAND() LIMIT 2, 3",
    ),
    (
        "select id from d option ranker=Expr('a'), field_weights=(t=1, b=-2), comment='x', \
          cutoff=5, idf=plain",
        "SELECT id FROM d OPTION ranker = Expr('a'), field_weights = (t = 1, b = -2), \
             comment = 'x', cutoff = 5, idf = plain",
    ),
    (
        "select id from d facet a x, b+1 by c order by facet() limit 1,2 facet e distinct f",
        "SELECT id FROM d FACET a AS x, b+1 BY c ORDER BY facet() ASC LIMIT 1, 2 FACET e \
             DISTINCT f",
    ),
    (
        "select * from (select id from d order by a desc limit 9 option cutoff=1) order by b \
          limit 3",
        "SELECT * FROM (SELECT id FROM d ORDER BY a DESC LIMIT 0, 9 OPTION cutoff = 1) \
             ORDER BY b ASC LIMIT 0, 3",
    ),
    ("show meta like 'total%'", "SHOW META LIKE 'total%'"),
    ("show warnings", "SHOW WARNINGS"),
    ("show session variables", "SHOW VARIABLES"),
    ("show status like 'agent%'", "SHOW STATUS LIKE 'agent%'"),
    ("show agent status", "SHOW AGENT STATUS"),
    ("show agent '' status", "SHOW AGENT STATUS"),
    ("show agent status status", "SHOW AGENT 'status' STATUS"),
    ("show agent 'box:9312' status like 'a'", "SHOW AGENT 'box:9312' STATUS LIKE 'a'"),
    ("desc d like 'a%'", "DESCRIBE d LIKE 'a%'"),
    (
        "update d, e set a=1, t=(1,2), j.k=-1.5, u=() where id in (1,2) option strict=1",
        "UPDATE d, e SET a = 1, t = (1, 2), j.k = -1.5, u = () WHERE id IN (1, 2) OPTION \
             strict = 1",
    ),
    ("delete from d where id=1 and match('x')", "DELETE FROM d WHERE MATCH('x') AND id = 1"),
    (
        "replace into d (id, t) values (1,'x'),(2,())",
        "REPLACE INTO d (id, t) VALUES (1, 'x'), (2, ())",
    ),
    ("insert into d values (1,'x')", "INSERT INTO d VALUES (1, 'x')"),
    ("set global @x=(1, -2)", "SET GLOBAL @x = (1, -2)"),
    ("set index d global @x = (1)", "SET INDEX d GLOBAL @x = (1)"),
    ("flush attributes", "FLUSH ATTRIBUTES"),
    (
        "call snippets(('a','b'),'d','q', 5 as around, '<b>' before_match)",
        "CALL snippets(('a', 'b'), 'd', 'q', 5 AS around, '<b>' AS before_match)",
    ),
];

/// What is no statement, and a part of what is said of it.
const FAULTS: &[(&str, &str)] = &[
    ("", "statement:1:1: 'end of the text': SELECT"),
    ("selec id from d", "1:1: 'selec': SELECT"),
    ("select", "1:7: 'end of the text': an expression"),
    ("select id", "1:10: 'end of the text': FROM is expected"),
    ("select id from", "an index is expected"),
    ("select a b c from d", "1:12: 'c': FROM is expected"),
    ("select gid limit from d", "1:12: 'limit': FROM is expected"),
    (
        "select gid as order from d",
        "1:15: 'order': an alias is expected; a keyword as one: `order`",
    ),
    ("select distinct gid from d", "1:8: 'distinct': an expression is expected: for distinct"),
    ("select sum(a)+1 from d", "1:14: '+': ',' or FROM is expected: aggregates stand alone"),
    ("select count(*)*2 from d", "1:16: '*': ',' or FROM is expected: aggregates stand"),
    ("select count(a) from d", "1:14: 'a': '*' or DISTINCT is expected in COUNT()"),
    ("select f(a from d", "a closing bracket is expected"),
    ("select f(a] from d", "1:11: ']': the bracket that closes the last one"),
    ("select a+ from d", "1:11: 'from': an expression is expected"),
    ("select \"a\" from d", "1:8: '\"': an expression is expected; texts stand between single"),
    ("select id from d where a='x", "1:26: ''x': the closing ' of this text is expected"),
    ("select id from d /* x", "1:18: '/* x': the closing */ of this comment is expected"),
    ("select id from d where a=0x10", "1:26: '0x10': a blank is expected behind the digits"),
    ("select id from d where a=1 or b=2", "1:28: 'or': AND is expected: OR can't be asked"),
    ("select id from d where not a=1", "1:24: 'not': a condition is expected: write !="),
    ("select id from d where a+1=2", "1:25: '+': a comparison, BETWEEN, IN"),
    ("select id from d where f(a)=2", "1:25: '(': a comparison is expected; give an expr"),
    ("select id from d where a like 'x'", "1:26: 'like': a comparison, BETWEEN"),
    ("select id from d where a > 'x'", "1:28: ''x'': a number is expected"),
    ("select id from d where a = (1)", "1:28: '(': a number or a text between"),
    ("select id from d where a in ()", "1:30: ')': a number or a text"),
    ("select id from d where a in (1,'x')", "1:32: ''x'': a whole number is expected, as"),
    ("select id from d where a in (1.5)", "1:30: '1.5': whole numbers or texts"),
    ("select id from d where a in (1", "',' or ')' is expected"),
    ("select id from d where match('a') and match('b')", "1:39: 'match': one MATCH()"),
    ("select id from d where match(a)", "1:30: 'a': a text between single quotes"),
    ("select id from d where count(*)>1", "1:24: 'count(*)': a condition on documents"),
    ("select id from d where @weight>1", "1:24: '@weight': a column is expected; @id is id"),
    ("select id from d where a=99999999999999999999", "a number of 64 bits is expected"),
    ("select id from d where a=1e999", "a number of 64 bits is expected"),
    ("select id from d where (a=1", "AND or ')' is expected"),
    ("select id from d group by a having b>1 and c>1", "1:40: 'and': HAVING has one"),
    ("select id from d order by a+1", "1:28: '+': the end of the statement is expected"),
    ("select id from d order by rand(), a", "1:33: ',': the end of the statement"),
    ("select id from d limit -1", "1:24: '-1': a number of rows from 0 to 2147483647"),
    ("select id from d limit 1.5", "1:24: '1.5': a number of rows from 0"),
    ("select id from d limit 4294967297", "1:24: '4294967297': a number of rows from 0"),
    ("select id from d option cutoff=-1", "1:32: '-1': a whole number from 0 on"),
    ("select id from d option a=(b=1.5)", "1:30: '1.5': a whole number is expected"),
    ("select id from d option a=(b=99999999999)", "a weight of 32 bits is expected"),
    ("select id from d limit 1 where a=1", "1:26: 'where': the end of the statement"),
    ("select id from (select id from d) order by a", "1:16: '(': an index is expected: '*'"),
    ("select id from d;; show meta", "1:18: ';': SELECT, SHOW"),
    ("select id from d where a=?", "1:26: '?': a value for it is expected"),
    ("update d set a=1", "1:17: 'end of the text': WHERE is expected"),
    ("delete from d", "WHERE is expected"),
    ("insert into d (a,b) values (1)", "1:28: '(1)': 2 values are expected, not 1"),
    ("set @x=1", "1:5: '@x': GLOBAL is expected"),
    (
        "call nosuch('a')",
        "1:6: 'nosuch': one of SNIPPETS, KEYWORDS, SUGGEST, QSUGGEST, PQ is expected",
    ),
    ("show processlist", "1:6: 'processlist': META, WARNINGS"),
];
