//! What real masters made of their agents' recorded replies, and what the merge makes of them.
//!
//! `core/tests/captures/merged` holds a case a file: the client's query or statement, what both
//! agents were asked, and the master's answer; the replies of the agents lie beside it. Cases are
//! named `m2_` for a master of Manticore over its agents, and `s2_` for 2.2.11.

mod case;
mod mixed;

use std::fs;

use serde_json::Value as Json;

use self::case::{Agent, Case, NOW, Statement, cases, files, frame, frames, query};
use super::{SearchRequest, SearchResult, result};
use crate::completeness::Completeness;
use crate::merge::{MergeMode, Plan, Window, Wish};
use crate::request::Reply;
use crate::wire::header::Status as HeaderStatus;
use crate::wire::search::{self, Asked, Dialect, Kind, Layout, Query, ResultSet, Status, Value};

#[test]
fn every_answer_of_a_master_is_what_the_merge_makes_of_its_agents_replies() {
    let mut known: Vec<&(&str, &str)> = DEVIATIONS.iter().collect();
    let (mut equal, mut faults) = (0, Vec::new());
    for case in cases() {
        for (number, difference) in differences(&case) {
            let name = format!("{} {number}", case.name);
            let place = known.iter().position(|(deviation, _)| *deviation == name);
            match (difference, place) {
                (None, None) => equal += 1,
                (Some(_), Some(place)) => drop(known.remove(place)),
                (Some(difference), None) => faults.push(format!("{name}: {difference}")),
                (None, Some(_)) => {}
            }
        }
    }
    assert!(faults.is_empty(), "{} of {equal}\n{}", faults.len(), faults.join("\n"));
    assert!(known.is_empty(), "no deviations any more: {known:?}");
    assert!(equal >= 200, "{equal} equal answers");
}

#[test]
fn streams_with_a_bad_query_are_decoded() {
    let mut searches = 0;
    for path in files("json").filter(|path| path.to_string_lossy().contains("_err_")) {
        let stream = fs::read(path.with_extension("s2c.bin")).expect("a stream");
        for (header, body) in frames(&stream) {
            // Status of the daemon has another version, errors have none.
            if header.status == HeaderStatus::Ok && header.version >= 0x11e {
                let master = if path.to_string_lossy().contains("master14") { 14 } else { 0 };
                let layout = Layout::of_master(master);
                let asked = Asked { queries: 1, rows_max: 1_000, layout };
                search::Reply::decode(&body, header.version, asked).expect("a reply");
                searches += 1;
            }
        }
    }
    assert!(searches >= 8, "{searches} replies");
}

/// Answers of Manticore whose rows are equal, but stand in another order where nothing decides it.
/// Ours is by document id, a master's by what its heap makes of it.
const TIES: [&str; 5] = [
    "m2_api_g_attr 0",
    "m2_api_g_json 0",
    "m2_g_facet_exprs 1",
    "m2_g_json_array 0",
    "m2_g_order_none 0",
];

/// Answers that differ, and why.
const DEVIATIONS: [(&str, &str); 16] = [
    ("m2_api_g_attr_distinct 0", FIELDS),
    ("m2_api_sort_expr_star 0", FIELDS),
    ("m2_g_select_star 0", FIELDS),
    ("m2_api_sort_expr_computed 0", EXPRESSION),
    ("m2_api_sort_expr_narrow 0", EXPRESSION),
    ("m2_api_sort_float_asc 0", CUT_TIES),
    ("m2_api_sort_float_desc 0", CUT_TIES),
    ("m2_api_sort_relevance 0", CUT_TIES),
    (
        "m2_g_concat_string_limit 0",
        "texts with an order and a limit are joined from a second query",
    ),
    ("m2_g_facet_exprs 2", "a facet on a set shows the key in place of the set"),
    ("m2_g_having_avg 0", BOUND),
    ("m2_g_having_float 0", BOUND),
    ("m2_g_implicit_zero 0", NOTHING),
    ("m2_g_zero_rows 0", NOTHING),
    ("s2_g_implicit_zero 0", NOTHING),
    ("s2_g_zero_rows 0", NOTHING),
];

const FIELDS: &str = "texts of stored fields come in a second round that only Manticore knows";
const EXPRESSION: &str =
    "agents send no value to sort by, and the master leaves its rows unsorted";
const CUT_TIES: &str = "rows that nothing tells apart, of which the limit shows others";
const BOUND: &str =
    "a fraction as a bound is refused, although the agents were asked nothing of it";
const NOTHING: &str =
    "in SQL an answer without rows has other columns, and a row of no aggregates";

/// One query of a case, and what was answered.
fn differences(case: &Case) -> Vec<(usize, Option<String>)> {
    let agents = [Agent::read(case, "A"), Agent::read(case, "B")];
    let statements = case.statements();
    let asked = case.json["asked"].as_array().expect("queries");
    let count = asked.len();
    let compare = |number: usize| {
        let sets = agents.each_ref().map(|agent| &agent.reply.sets[number]);
        let query = query(&asked[number]);
        match &statements {
            Some(statements) => match statements.get(number) {
                Some(statement) => compare_sql(case, number, statement, &query, &agents, sets),
                None => None,
            },
            None => compare_api(case, number, &query, &agents, sets),
        }
    };
    (0..count).map(|number| (number, compare(number))).collect()
}

fn compare_api(
    case: &Case,
    number: usize,
    query: &Query,
    agents: &[Agent; 2],
    sets: [&ResultSet; 2],
) -> Option<String> {
    let bytes = fs::read(case.path.with_extension("rep.bin")).expect("an answer");
    let (header, body) = frame(&bytes);
    let asked = case.json["api"].as_array().expect("queries");
    let queries = asked.len();
    let decoded = search::Reply::decode(
        &body,
        header.version,
        Asked { queries, rows_max: 100_000, layout: Layout::of_master(0) },
    );
    let answer = decoded.expect("an answer");
    let expected = &answer.sets[number];
    let [offset, limit, max_matches] =
        ["offset", "limit", "maxm"].map(|name| asked[number][name].as_u64().unwrap() as usize);
    let window = Window { offset, limit, max_matches };
    let wish = Wish { window, having: None, outer: None, mode: MergeMode::Master, now: NOW };
    let found = match merge(case, number, query, wish, agents, sets) {
        Ok(found) => found,
        Err(text) if expected.status == Status::Error => {
            let message = expected.message.text(&body);
            return (text != message).then(|| format!("error {text}, but a master: {message}"));
        }
        Err(text) => return Some(text),
    };
    let columns: Vec<(String, Kind)> = found
        .columns
        .iter()
        .map(|column| (column.name.clone(), client_kind(column.kind)))
        .collect();
    // A master of Manticore sends its clients no id but that of the row.
    let is_shown = |column: usize| !case.is_manticore() || columns[column].0 != "id";
    let shown: Vec<usize> = (0..columns.len()).filter(|column| is_shown(*column)).collect();
    let of_master: Vec<(String, Kind)> =
        expected.columns.iter().map(|column| (column.name.text(&body), column.kind)).collect();
    let ours: Vec<(String, Kind)> = shown.iter().map(|column| columns[*column].clone()).collect();
    if ours != of_master {
        return Some(format!("columns {ours:?}, but a master: {of_master:?}"));
    }
    let totals = (found.total, found.total_found);
    let expected_totals = (u64::from(expected.total), u64::from(expected.total_found));
    if totals != expected_totals {
        return Some(format!("totals {totals:?}, but a master: {expected_totals:?}"));
    }
    let (rows, of_master) = api_rows(&found, &shown, expected, &body, answer.dialect);
    unequal(case, number, rows, of_master)
}

/// Our rows and a master's, as texts.
fn api_rows(
    found: &SearchResult,
    shown: &[usize],
    expected: &ResultSet,
    body: &[u8],
    dialect: Dialect,
) -> (Vec<String>, Vec<String>) {
    let rows: Vec<String> = found
        .rows()
        .map(|row| {
            let value = |column: &usize| {
                let kind = found.columns[*column].kind;
                match row.value(*column) {
                    Value::Null if kind == Kind::Json => "{}".to_owned(),
                    Value::Double(value) => api_text(Value::Float(value as f32)),
                    value => api_text(value),
                }
            };
            let values: Vec<String> = shown.iter().map(value).collect();
            format!("{} {} {values:?}", row.id(), row.weight())
        })
        .collect();
    let of_master: Vec<String> = (0..expected.rows.len())
        .map(|row| {
            let head = expected.rows.get(body, row).expect("a row");
            let value = |column| expected.value(body, dialect, row, column);
            let values: Vec<String> = (0..expected.columns.len())
                .map(|column| api_text(value(column).unwrap()))
                .collect();
            format!("{} {} {values:?}", head.id, head.weight)
        })
        .collect();
    (rows, of_master)
}

fn compare_sql(
    case: &Case,
    number: usize,
    statement: &Statement,
    query: &Query,
    agents: &[Agent; 2],
    sets: [&ResultSet; 2],
) -> Option<String> {
    let answer = &case.json["answer"];
    let wish = statement.wish(query.max_matches as usize);
    let mut query = query.clone();
    if let Some(select) = &statement.facet {
        query.select = select.clone().into_bytes();
    }
    let found = merge(case, number, &query, wish, agents, sets);
    if let Some(error) = answer.get("error") {
        let error = error[1].as_str().expect("a text").trim_end_matches('\0');
        return match found {
            Err(text) if text == error => None,
            Err(text) => Some(format!("error {text}, but a master: {error}")),
            Ok(_) => Some(format!("an answer, but a master: {error}")),
        };
    }
    let found = match found {
        Ok(found) => found,
        Err(text) => return Some(text),
    };
    let expected = &answer["sets"][number];
    let mut shown: Vec<usize> = (0..found.columns.len()).collect();
    shown.retain(|column| !found.columns[*column].name.starts_with('@'));
    let columns = shown.iter().map(|column| {
        let column = &found.columns[*column];
        format!("{} {}", column.name, sql_type(column.kind))
    });
    // In SQL `*` has the document id.
    let has_star = query.select.starts_with(b"*");
    let id = has_star.then(|| "id 8".to_owned());
    let columns: Vec<String> = id.into_iter().chain(columns).collect();
    let of_master: Vec<String> = expected["columns"]
        .as_array()
        .expect("columns")
        .iter()
        .map(|column| format!("{} {}", column[0].as_str().unwrap(), column[1]))
        .collect();
    if columns != of_master {
        return Some(format!("columns {columns:?}, but a master: {of_master:?}"));
    }
    let rows: Vec<String> = found
        .rows()
        .map(|row| {
            let id = has_star.then(|| Some(row.id().to_string()));
            let values = shown.iter().map(|column| sql_text(row.value(*column)));
            format!("{:?}", id.into_iter().chain(values).collect::<Vec<_>>())
        })
        .collect();
    let of_master: Vec<String> = expected["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let value = |value: &Json| value.as_str().map(str::to_owned);
            format!("{:?}", row.as_array().unwrap().iter().map(value).collect::<Vec<_>>())
        })
        .collect();
    if let Some(difference) = unequal(case, number, rows, of_master) {
        return Some(difference);
    }
    compare_meta(case, number, &found)
}

/// Totals and warnings, which the master told of one query.
fn compare_meta(case: &Case, number: usize, found: &SearchResult) -> Option<String> {
    let answer = &case.json["answer"];
    // SHOW META is of the last query; of facets it is of the first.
    let last = case.json["asked"].as_array().map_or(0, Vec::len) - 1;
    if number != if case.name.contains("facet") { 0 } else { last } {
        return None;
    }
    let meta = |name: &str| {
        let entries = answer["meta"].as_array().expect("meta");
        let entry = entries.iter().find(|entry| entry[0] == name).expect("an entry");
        entry[1].as_str().expect("a number").parse::<i64>().expect("a number")
    };
    // A master of Manticore that was asked in SQL counts what it shows.
    let total = if case.is_manticore() { found.len() as u64 } else { found.total };
    let totals = (total as i64, found.total_found as i64);
    let of_master = (meta("total"), meta("total_found").max(0));
    if totals != of_master {
        return Some(format!("totals {totals:?}, but a master: {of_master:?}"));
    }
    let warnings = answer["warnings"].as_array().expect("warnings");
    let warning = warnings.first().map(|warning| warning[2].as_str().expect("a text").to_owned());
    let ours = found.warning.clone().map(|warning| match case.is_manticore() {
        true => warning.replace("index d: ", "table d: "),
        false => warning,
    });
    (ours != warning).then(|| format!("warning {ours:?}, but a master: {warning:?}"))
}

fn unequal(
    case: &Case,
    number: usize,
    mut rows: Vec<String>,
    mut of_master: Vec<String>,
) -> Option<String> {
    if TIES.contains(&format!("{} {number}", case.name).as_str()) {
        assert_ne!(rows, of_master, "{}: no tie", case.name);
        rows.sort();
        of_master.sort();
    }
    let place = rows.iter().zip(&of_master).position(|(row, master)| row != master);
    if let Some(place) = place {
        let (row, master) = (&rows[place], &of_master[place]);
        return Some(format!("row {place} {row}, but a master: {master}"));
    }
    let (count, expected) = (rows.len(), of_master.len());
    (count != expected).then(|| format!("{count} rows, but a master: {expected}"))
}

/// The merged result of that query, or the text of its error.
fn merge(
    case: &Case,
    number: usize,
    query: &Query,
    wish: Wish,
    agents: &[Agent; 2],
    sets: [&ResultSet; 2],
) -> Result<SearchResult, String> {
    let hosts = case.hosts();
    let what = if case.is_manticore() { "table" } else { "index" };
    let refused: Vec<String> = (0..2)
        .filter(|agent| sets[*agent].status == Status::Error)
        .map(|agent| {
            let message = sets[agent].message.text(&agents[agent].body);
            format!("{what} d: agent {}: remote query error: {message}", hosts[agent])
        })
        .collect();
    if refused.len() == 2 {
        return Err(refused.join(";\n"));
    }
    let plan = Plan::new(query, wish)?;
    let outcomes = agents.iter().zip(hosts).map(|(agent, host)| {
        let decoded = search::Reply {
            dialect: agent.reply.dialect,
            sets: vec![agent.reply.sets[number].clone()],
        };
        let mut reply = Reply::new(agent.header.version, agent.body.clone());
        reply.search = Some(Box::new(decoded));
        (host, Ok(reply))
    });
    let request = SearchRequest::of_plan("d", plan);
    result::merge(&request, outcomes.collect(), Completeness::All)
        .map_err(|error| error.to_string())
}

fn client_kind(kind: Kind) -> Kind {
    match kind {
        Kind::Json | Kind::JsonField | Kind::ComputedString => Kind::String,
        Kind::Double => Kind::Float,
        // Ids of Sphinx are signed for clients.
        Kind::Uint64 => Kind::Bigint,
        kind => kind,
    }
}

fn api_text(value: Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => u32::from(value).to_string(),
        Value::Uint64(value) => value.cast_signed().to_string(),
        value => sql_text(value).unwrap_or_default(),
    }
}

/// As the MySQL protocol has it.
fn sql_text(value: Value<'_>) -> Option<String> {
    let join = |values: Vec<String>| values.join(",");
    Some(match value {
        Value::Null => return None,
        Value::Uint(value) => value.to_string(),
        Value::Bool(value) => u32::from(value).to_string(),
        Value::Bigint(value) => value.to_string(),
        Value::Uint64(value) => value.to_string(),
        Value::Float(value) => format!("{value:.6}"),
        Value::Double(value) => {
            let text = format!("{value:.8}");
            text.strip_suffix("00").unwrap_or(&text).to_owned()
        }
        Value::String(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Json(json) => json.to_string(),
        Value::Multi(values) => join(values.iter().map(|value| value.to_string()).collect()),
        Value::Multi64(values) => join(values.iter().map(|value| value.to_string()).collect()),
        other => format!("{other:?}"),
    })
}

fn sql_type(kind: Kind) -> u32 {
    match kind {
        Kind::Uint | Kind::Timestamp | Kind::Bool | Kind::TokenCount => 3,
        Kind::Float => 4,
        Kind::Double => 5,
        Kind::Bigint | Kind::Uint64 => 8,
        _ => 254,
    }
}
