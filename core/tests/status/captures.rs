//! Answers of real daemons, as columns with tabs between them: `captures/2211.txt` begins each
//! with the names of the columns.

pub(crate) const SPHINX: &str = include_str!("captures/2211.txt");
pub(crate) const MANTICORE: &str = include_str!("captures/manticore.txt");

/// What a daemon answered to a statement.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) statement: String,
    pub(crate) rows: Vec<(String, String)>,
}

impl Answer {
    pub(crate) fn keys(&self) -> Vec<&str> {
        self.rows.iter().map(|(key, _)| key.as_str()).collect()
    }
}

pub(crate) fn read(capture: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for line in capture.lines() {
        if let Some(statement) = line.strip_prefix("mysql> ") {
            answers.push(Answer { statement: statement.to_owned(), rows: Vec::new() });
        } else {
            let (key, value) = line.split_once('\t').unwrap();
            let answer = answers.last_mut().unwrap();
            answer.rows.push((key.to_owned(), value.to_owned()));
        }
    }
    answers
}

pub(crate) fn find(capture: &str, statement: &str) -> Answer {
    let found = read(capture).into_iter().find(|answer| answer.statement == statement);
    found.unwrap_or_else(|| panic!("no capture of {statement}"))
}
