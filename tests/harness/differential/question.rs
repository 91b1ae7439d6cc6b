//! Questions of every kind, and what of them matters where answers differ.

use clap::ValueEnum;

use super::statement::Statement;
use crate::cluster::INDEX;
use crate::oracle::Query;

/// Kinds of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Queries of the API without groups: match modes, rankers, filters, sorts, weights, flags.
    ApiRows,
    /// Queries of the API with groups or aggregates.
    ApiGroups,
    /// Several queries of the API in one request: rows and facets of one text.
    ApiBatch,
    /// Queries of the API over a list of indexes.
    ApiSeveral,
    /// Statements without groups.
    SqlRows,
    /// Statements with groups.
    SqlGroups,
    /// Statements with FACET.
    SqlFacets,
    /// A SELECT within another.
    SqlEnclosed,
    /// Statements over a list of indexes.
    SqlSeveral,
}

impl Kind {
    /// Kinds in the order in which a run takes them, the larger ones more often.
    pub const TURN: [Kind; 16] = [
        Kind::ApiRows,
        Kind::SqlGroups,
        Kind::ApiGroups,
        Kind::SqlRows,
        Kind::ApiBatch,
        Kind::SqlEnclosed,
        Kind::ApiRows,
        Kind::SqlGroups,
        Kind::ApiSeveral,
        Kind::SqlRows,
        Kind::ApiGroups,
        Kind::SqlFacets,
        Kind::ApiRows,
        Kind::SqlGroups,
        Kind::ApiGroups,
        Kind::SqlSeveral,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Kind::ApiRows => "API: rows",
            Kind::ApiGroups => "API: groups",
            Kind::ApiBatch => "API: several queries",
            Kind::ApiSeveral => "API: several indexes",
            Kind::SqlRows => "SphinxQL: rows",
            Kind::SqlGroups => "SphinxQL: groups",
            Kind::SqlFacets => "SphinxQL: FACET",
            Kind::SqlEnclosed => "SphinxQL: enclosed",
            Kind::SqlSeveral => "SphinxQL: several indexes",
        }
    }

    /// True if it takes a listener of MySQL's protocol.
    pub fn is_sql(self) -> bool {
        self.name().starts_with("SphinxQL")
    }

    /// A question of this kind.
    pub fn generate(self, random: &mut fastrand::Rng) -> Question {
        let one = |query: Query| {
            let queries = vec![patient(query)];
            Question::Api { index: INDEX.to_owned(), queries }
        };
        match self {
            Kind::ApiRows => one(Query::generate(random)),
            Kind::ApiGroups => one(Query::generate_grouped(random)),
            Kind::ApiBatch => {
                let queries = batch(random).into_iter().map(patient).collect();
                Question::Api { index: INDEX.to_owned(), queries }
            }
            Kind::ApiSeveral => {
                let query = match random.bool() {
                    true => Query::generate(random),
                    false => Query::generate_grouped(random),
                };
                Question::Api { index: several(random), queries: vec![patient(query)] }
            }
            Kind::SqlRows => Question::Statement(Statement::rows(random)),
            Kind::SqlGroups => Question::Statement(Statement::groups(random)),
            Kind::SqlFacets => Question::Statement(Statement::facets(random)),
            Kind::SqlEnclosed => Question::Statement(Statement::enclosed(random)),
            Kind::SqlSeveral => {
                let statement = match random.bool() {
                    true => Statement::rows(random),
                    false => Statement::groups(random),
                };
                Question::Statement(Statement { index: several(random), ..statement })
            }
        }
    }
}

/// With time enough: what is cut by time is another part each time.
fn patient(query: Query) -> Query {
    Query { predicted_time_ms: 60_000, ..query }
}

fn several(random: &mut fastrand::Rng) -> String {
    ["part0,part1", "part0, part1", "part1, part0"][random.usize(..3)].to_owned()
}

fn batch(random: &mut fastrand::Rng) -> Vec<Query> {
    let first = Query::generate(random);
    let count = random.usize(1..4);
    // Unrelated ones, or facets of the first.
    let is_mixed = random.u8(..4) == 0;
    let more = (0..count).map(|_| match is_mixed {
        true => Query::generate(random),
        false => Query {
            text: first.text.clone(),
            filters: first.filters.clone(),
            mode: first.mode,
            ..Query::generate_grouped(random)
        },
    });
    let more: Vec<Query> = more.collect();
    [vec![first], more].concat()
}

/// One request or statement.
#[derive(Clone, Debug)]
pub enum Question {
    /// Queries of the API in one request.
    Api {
        /// The index list.
        index: String,
        /// One or more.
        queries: Vec<Query>,
    },
    /// A statement.
    Statement(Statement),
}

impl Question {
    /// Number of answers that it has.
    pub fn answers(&self) -> usize {
        match self {
            Question::Api { queries, .. } => queries.len(),
            Question::Statement(statement) => 1 + statement.facets.len(),
        }
    }

    /// The same of another index.
    pub fn of_index(&self, index: &str) -> Question {
        let index = index.to_owned();
        match self.clone() {
            Question::Api { queries, .. } => Question::Api { index, queries },
            Question::Statement(statement) => {
                Question::Statement(Statement { index, ..statement })
            }
        }
    }

    /// True if weights depend on how documents lie on shards.
    pub fn is_weighed_by_shard(&self) -> bool {
        let is_weighed = |query: &Query| !query.text.is_empty() || !query.index_weights.is_empty();
        match self {
            Question::Api { queries, .. } => queries.iter().any(is_weighed),
            Question::Statement(statement) => {
                let mut options = statement.options.iter();
                statement.rest.contains("MATCH(")
                    || options.any(|option| option.contains("index_weights"))
            }
        }
    }

    /// What matters of the query with that number.
    pub fn traits(&self, number: usize) -> Traits {
        match self {
            Question::Api { queries, .. } => {
                let query = &queries[number];
                let group = query.group.as_ref();
                let mut aggregates = aggregates(&query.select);
                if group.is_some_and(|group| !group.distinct.is_empty()) {
                    aggregates.push(("@distinct".to_owned(), Aggregate::Distinct));
                }
                let order = group.map_or("", |group| &group.sort_by).to_owned();
                let is_grouped = group.is_some_and(|group| !group.by.is_empty());
                Traits { aggregates, order, is_grouped, ..Traits::default() }
            }
            Question::Statement(statement) if number == 0 => {
                let mut aggregates = aggregates(&statement.list);
                if statement.rest.contains(" BY part") {
                    aggregates.push(("k".to_owned(), Aggregate::KeyOfAlias));
                }
                Traits {
                    aggregates,
                    order: statement.rest.clone(),
                    is_enclosed: statement.outer.is_some(),
                    is_grouped: statement.rest.contains(" GROUP "),
                    has_rows_of_groups: [" GROUP 2 ", " GROUP 3 "]
                        .iter()
                        .any(|group| statement.rest.contains(group)),
                    has_ties: false,
                }
            }
            Question::Statement(statement) => {
                let facet = &statement.facets[number - 1];
                // The same document may stand for several items of a set.
                let has_ties = ["tags", "wide"].iter().any(|set| facet.starts_with(set));
                let order = facet.clone();
                Traits { order, is_grouped: true, has_ties, ..Traits::default() }
            }
        }
    }
}

/// What of a query matters where answers differ; the default is a query without groups.
#[derive(Clone, Debug, Default)]
pub struct Traits {
    /// Columns whose numbers may be other ones than a master's.
    pub aggregates: Vec<(String, Aggregate)>,
    /// Order of groups, and what has to hold of them.
    pub order: String,
    /// It is within another select.
    pub is_enclosed: bool,
    /// It has groups.
    pub is_grouped: bool,
    /// It has several rows of each group.
    pub has_rows_of_groups: bool,
    /// Nothing tells some of its rows apart, so that their order is chance.
    pub has_ties: bool,
}

impl Traits {
    /// The aggregate that a column is.
    pub fn aggregate(&self, column: &str) -> Option<Aggregate> {
        let mut aggregates = self.aggregates.iter();
        aggregates.find(|(name, _)| name == column).map(|(_, aggregate)| *aggregate)
    }

    /// True if groups are ordered or chosen by such an aggregate.
    pub fn goes_by_aggregate(&self) -> bool {
        let order = self.order.to_lowercase();
        let is_end = |letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '@';
        let is_number = |entry: &&(String, Aggregate)| {
            !matches!(entry.1, Aggregate::KeyOfAlias | Aggregate::Concat)
        };
        self.aggregates
            .iter()
            .filter(is_number)
            .any(|(name, _)| order.split(is_end).any(|word| word == name.as_str()))
    }
}

/// Aggregates whose numbers may be other ones than a master's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Sum.
    Sum,
    /// Average.
    Average,
    /// Number of distinct values.
    Distinct,
    /// Texts of all documents, joined.
    Concat,
    /// Key of groups by an alias of a text.
    KeyOfAlias,
}

/// The aggregates of a select list, by the names of their columns.
fn aggregates(list: &str) -> Vec<(String, Aggregate)> {
    let mut depth = 0;
    let parts = list.split(|letter: char| {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    });
    let aggregate = |part: &str| {
        let part = part.trim().to_lowercase();
        let aggregate = match part.as_str() {
            text if text.starts_with("sum(") => Aggregate::Sum,
            text if text.starts_with("avg(") => Aggregate::Average,
            text if text.starts_with("count(distinct ") => Aggregate::Distinct,
            text if text.starts_with("group_concat(") => Aggregate::Concat,
            _ => return None,
        };
        let (_, alias) = part.rsplit_once(')')?;
        let alias = alias.trim().trim_start_matches("as ").to_owned();
        Some((if alias.is_empty() { part.clone() } else { alias }, aggregate))
    };
    parts.filter_map(aggregate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_are_named_by_their_columns() {
        let found = aggregates("id, COUNT(*) n, sum(if(a,1,2)) AS s, avg(b), count(distinct c) d");
        let expected = [
            ("s".to_owned(), Aggregate::Sum),
            ("avg(b)".to_owned(), Aggregate::Average),
            ("d".to_owned(), Aggregate::Distinct),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_seed_makes_the_same_questions() {
        let questions = |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            format!("{:?}", Kind::TURN.map(|kind| kind.generate(&mut random)))
        };
        assert_eq!(questions(3), questions(3));
        assert_ne!(questions(3), questions(4));
    }
}
