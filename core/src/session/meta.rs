//! What SHOW META and SHOW WARNINGS tell of the last search.

use super::answer::Answer;
use super::show::is_like;
use crate::error::Error;
use crate::search::{SearchResult, Word};
use crate::sphinxql::Text;

/// What is known of the last search.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meta {
    error: Option<String>,
    warning: Option<String>,
    total: u64,
    total_found: u64,
    time_ms: u64,
    words: Vec<Word>,
}

impl Meta {
    pub(crate) fn of_result(result: &SearchResult) -> Meta {
        Meta {
            error: None,
            warning: result.warning.clone(),
            total: result.total,
            total_found: result.total_found,
            time_ms: result.time_ms,
            words: result.words.clone(),
        }
    }

    /// What is told of a change or a procedure.
    pub(crate) fn of_command(answer: &Answer) -> Meta {
        Meta { warning: answer.warning().map(str::to_owned), ..Meta::default() }
    }

    /// A statement that failed, searched or not.
    pub(crate) fn of_error(error: &Error) -> Meta {
        Meta::of_text(error.to_string())
    }

    /// A search that failed with that text.
    pub(crate) fn of_text(error: String) -> Meta {
        Meta { error: Some(error), ..Meta::default() }
    }

    /// The rows of SHOW META, in a daemon's order.
    pub(crate) fn rows(&self, like: Option<&Text>) -> Answer {
        let row = |key: &str, value: &str| [key.to_owned(), value.to_owned()];
        let mut rows = Vec::new();
        rows.extend(self.error.iter().map(|text| row("error", text)));
        rows.extend(self.warning.iter().map(|text| row("warning", text)));
        rows.push(row("total", &self.total.to_string()));
        rows.push(row("total_found", &self.total_found.to_string()));
        rows.push(row("time", &format!("{}.{:03}", self.time_ms / 1_000, self.time_ms % 1_000)));
        for (number, word) in self.words.iter().enumerate() {
            rows.push(row(&format!("keyword[{number}]"), &word.word));
            rows.push(row(&format!("docs[{number}]"), &word.docs.to_string()));
            rows.push(row(&format!("hits[{number}]"), &word.hits.to_string()));
        }
        rows.retain(|[key, _]| is_like(key, like));
        Answer::of_texts(["Variable_name", "Value"], rows)
    }

    /// The rows of SHOW WARNINGS: one, or none.
    pub(crate) fn warnings(&self) -> Answer {
        let row = |text: &String| ["warning".to_owned(), CODE.to_owned(), text.clone()];
        let rows = self.warning.iter().map(row).collect();
        Answer::of_texts(["Level", "Code", "Message"], rows)
    }
}

/// What masters give every warning.
const CODE: &str = "1000";
