//! One agent of each product: cases that were recorded of both have the same rows on their agents.

use super::case::{Agent, Case, cases, query};
use super::{compare_api, compare_sql};
use crate::wire::guard::aggregate;

/// Cases without groups whose answer is no master's, and why.
const DEVIATIONS: [(&str, &str); 5] = [
    ("api_sort_expr_computed", NO_EXPRESSION),
    ("api_sort_expr_narrow", NO_EXPRESSION),
    ("api_sort_expr_star", "of stored fields agents of Sphinx send nothing"),
    ("api_sort_float_asc", CUT_TIES),
    ("api_sort_float_desc", CUT_TIES),
];

const NO_EXPRESSION: &str =
    "masters of Manticore get no value to sort by, where the exact merge asks for one";
const CUT_TIES: &str = "rows that nothing tells apart, of which the limit shows others";

#[test]
fn agents_of_both_products_are_merged_as_a_master_merges_those_of_one() {
    let cases = cases();
    let (mut equal, mut merged, mut deviating, mut faults) = (0, 0, Vec::new(), Vec::new());
    for of_sphinx in cases.iter().filter(|case| !case.is_manticore()) {
        let name = of_sphinx.name.trim_start_matches("s2_");
        let twin = cases.iter().find(|case| case.name == format!("m2_{name}"));
        let Some(of_manticore) = twin else { continue };
        let is_known = DEVIATIONS.iter().any(|(deviation, _)| *deviation == name);
        for Compared { order, is_grouped, difference } in compare(of_sphinx, of_manticore) {
            match difference {
                None => equal += 1,
                // Of groups each product picks other documents, and counts in other types.
                Some(text) if is_grouped && !text.contains(MISFIT) => merged += 1,
                Some(_) if is_known => deviating.push(name.to_owned()),
                Some(text) => faults.push(format!("{name} {order}: {text}")),
            }
        }
    }
    assert!(faults.is_empty(), "{} of {equal}\n{}", faults.len(), faults.join("\n"));
    deviating.dedup();
    assert_eq!(deviating.len(), DEVIATIONS.len(), "no deviations any more: {deviating:?}");
    assert!(equal > 90 && merged > 50, "{equal} equal answers, {merged} merged groups");
}

/// Part of the errors of answers that do not fit together.
const MISFIT: &str = "can't be merged";

/// A merged answer beside both masters' answers to that query.
struct Compared {
    order: String,
    is_grouped: bool,
    difference: Option<String>,
}

/// Merges both orders of the agents.
fn compare(of_sphinx: &Case, of_manticore: &Case) -> Vec<Compared> {
    let agent = |case: &Case, letter| Agent::read(case, letter);
    let pairs = [
        ("sm", [agent(of_sphinx, "A"), agent(of_manticore, "B")]),
        ("ms", [agent(of_manticore, "A"), agent(of_sphinx, "B")]),
    ];
    let mut found = Vec::new();
    for (name, agents) in &pairs {
        let asked = [of_sphinx, of_manticore].map(|case| case.json["asked"].as_array());
        let count = asked.map(|asked| asked.expect("queries").len()).into_iter().min();
        for number in 0..count.unwrap_or(0) {
            // A few twins ask for other columns.
            let select = |case: &Case| case.json["asked"][number]["select"].clone();
            if select(of_sphinx) != select(of_manticore) {
                continue;
            }
            let compare = |case: &Case| {
                let sets = agents.each_ref().map(|agent| &agent.reply.sets[number]);
                let query = query(&case.json["asked"][number]);
                match case.statements() {
                    Some(statements) => {
                        let statement = statements.get(number)?;
                        compare_sql(case, number, statement, &query, agents, sets)
                    }
                    None => compare_api(case, number, &query, agents, sets),
                }
            };
            let difference = compare(of_manticore).and_then(|difference| {
                Some(format!("{difference}\n    or {}", compare(of_sphinx)?))
            });
            let query = query(&of_manticore.json["asked"][number]);
            let is_grouped = !query.group_by.is_empty() || aggregate(&query.select).is_some();
            found.push(Compared { order: format!("{number} {name}"), is_grouped, difference });
        }
    }
    found
}
