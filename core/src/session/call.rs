//! `CALL KEYWORDS`, `CALL SNIPPETS`, `CALL SUGGEST`, `CALL QSUGGEST` and `CALL PQ`.

use super::answer::{Answer, Told};
use crate::client::Client;
use crate::command::{
    ExcerptFiles, ExcerptFlag, ExcerptOptions, HtmlStrip, Keywords, PassageBoundary, Pending,
    Percolated, SuggestOptions, Suggestions, failure_lines,
};
use crate::error::Error;
use crate::limits::NUMBER_MAX;
use crate::options::CallOptions;
use crate::sphinxql::{Argument, Call, Fault, Name, Number, Value};

/// A call that agents answer.
pub(super) enum Procedure {
    Keywords { text: String, index: String, with_statistics: bool },
    Suggest { text: String, index: String, options: SuggestOptions },
    Percolate { documents: Vec<String>, index: String },
    Snippets { documents: Vec<String>, index: String, words: String, options: ExcerptOptions },
}

impl Procedure {
    pub(super) fn new(call: &Call) -> Result<Self, Fault> {
        let mut arguments = call.arguments.iter();
        let mut next = |what: &str| {
            let argument = arguments.next().filter(|argument| argument.name.is_none());
            argument
                .map(|argument| &argument.value)
                .ok_or_else(|| Fault::new(call.span, format!("{what} is expected")))
        };
        if call.procedure.text.eq_ignore_ascii_case("KEYWORDS") {
            let (text, index) = (text(next("a text")?)?, text(next("an index")?)?);
            let with_statistics = match arguments.next() {
                None => false,
                Some(Argument { value, name }) if is_statistics(name.as_ref()) => is_on(value)?,
                Some(argument) => return Err(unknown(argument)),
            };
            if let Some(argument) = arguments.next() {
                return Err(unknown(argument));
            }
            return Ok(Procedure::Keywords { text, index, with_statistics });
        }
        let is_last = call.procedure.text.eq_ignore_ascii_case("QSUGGEST");
        if is_last || call.procedure.text.eq_ignore_ascii_case("SUGGEST") {
            let (text, index) = (text(next("a text")?)?, text(next("an index")?)?);
            let options = SuggestOptions::new().last_word(is_last);
            let options = arguments.try_fold(options, with_suggest_option)?;
            return Ok(Procedure::Suggest { text, index, options });
        }
        if call.procedure.text.eq_ignore_ascii_case("PQ") {
            let index = text(next("an index")?)?;
            let documents = texts(next("a document, or documents in brackets")?)?;
            check_percolate_options(call, &mut arguments)?;
            return Ok(Procedure::Percolate { documents, index });
        }
        let documents = texts(next("a text, or texts in brackets")?)?;
        let (index, words) = (text(next("an index")?)?, text(next("words")?)?);
        let options = arguments.try_fold(ExcerptOptions::new(), with_option)?;
        Ok(Procedure::Snippets { documents, index, words, options })
    }

    pub(super) fn start(
        &self,
        client: &Client,
        options: &CallOptions,
    ) -> Result<Pending<Answer>, Error> {
        match self {
            Procedure::Keywords { text, index, with_statistics } => {
                let with_statistics = *with_statistics;
                let asked = client.start_keywords(index, text, with_statistics, options)?;
                Ok(asked.map(move |keywords| keyword_rows(keywords, with_statistics)))
            }
            Procedure::Suggest { text, index, options: suggest } => {
                Ok(client.start_suggest(index, text, suggest, options)?.map(suggestion_rows))
            }
            Procedure::Percolate { documents, index } => {
                Ok(client.start_percolate(index, documents, options)?.map(percolated_rows))
            }
            Procedure::Snippets { documents, index, words, options: excerpt } => {
                let asked = client.start_excerpts(index, documents, words, excerpt, options)?;
                Ok(asked.map(|excerpts| {
                    Answer::of_bytes(&["snippet"], excerpts.into_iter().map(|text| vec![text]))
                }))
            }
        }
    }
}

fn keyword_rows(keywords: Keywords, with_statistics: bool) -> Answer {
    let Keywords { keywords, agents_answered, agents, failures } = keywords;
    let names: &[&str] = match with_statistics {
        true => &["tokenized", "normalized", "docs", "hits"],
        false => &["tokenized", "normalized"],
    };
    let rows = keywords.into_iter().map(|keyword| {
        let mut row = vec![keyword.tokenized.into_bytes(), keyword.normalized.into_bytes()];
        let counts = [keyword.documents, keyword.hits].map(|count| count.to_string().into_bytes());
        row.extend(counts.into_iter().filter(|_| with_statistics));
        row
    });
    let warning = failure_lines(&failures);
    let told = Told { documents: None, warning, agents, agents_answered, failures };
    Answer::of_bytes(names, rows).told(told)
}

fn suggestion_rows(suggestions: Suggestions) -> Answer {
    let Suggestions { words, agents_answered, agents, failures } = suggestions;
    let rows = words.into_iter().map(|suggestion| {
        let counts = [suggestion.distance.to_string(), suggestion.documents.to_string()];
        let [distance, documents] = counts.map(String::into_bytes);
        vec![suggestion.word.into_bytes(), distance, documents]
    });
    let warning = failure_lines(&failures);
    let told = Told { documents: None, warning, agents, agents_answered, failures };
    Answer::of_bytes(&["suggest", "distance", "docs"], rows).told(told)
}

fn percolated_rows(percolated: Percolated) -> Answer {
    let Percolated { queries, warnings, agents_answered, agents, failures } = percolated;
    let rows = queries.into_iter().map(|query| {
        let documents: Vec<String> = query.documents.iter().map(u64::to_string).collect();
        let id = query.id.to_string();
        let texts = [id, documents.join(","), query.query, query.tags, query.filters];
        texts.map(String::into_bytes).to_vec()
    });
    let warnings = warnings.into_iter().chain(failure_lines(&failures));
    let warning = warnings.reduce(|all, line| format!("{all};\n{line}"));
    let told = Told { documents: None, warning, agents, agents_answered, failures };
    Answer::of_bytes(&["id", "documents", "query", "tags", "filters"], rows).told(told)
}

/// Documents are plain texts here, which has to be said: Manticore takes them for JSON otherwise.
fn check_percolate_options<'a>(
    call: &Call,
    arguments: &mut impl Iterator<Item = &'a Argument>,
) -> Result<(), Fault> {
    let mut are_texts = false;
    for argument in arguments {
        let Argument { value, name: Some(name) } = argument else { return Err(unknown(argument)) };
        match name.text.to_ascii_lowercase().as_str() {
            "docs_json" if is_on(value)? => {
                let expected = "0 AS docs_json is expected: documents of JSON can't be sent";
                return Err(Fault::new(value.span(), expected));
            }
            "docs_json" => are_texts = true,
            // Both are told in any case.
            "docs" | "query" => drop(is_on(value)?),
            _ => return Err(unknown(argument)),
        }
    }
    if are_texts {
        return Ok(());
    }
    let expected = "0 AS docs_json is expected, for documents that are texts and no JSON";
    Err(Fault::new(call.span, expected))
}

fn with_suggest_option(
    options: SuggestOptions,
    argument: &Argument,
) -> Result<SuggestOptions, Fault> {
    let Argument { value, name: Some(name) } = argument else { return Err(unknown(argument)) };
    Ok(match name.text.to_ascii_lowercase().as_str() {
        "limit" => options.limit(number(value)?),
        "max_edits" => options.max_edits(number(value)?),
        "delta_len" => options.delta_length(number(value)?),
        "max_matches" => options.queue_length(number(value)?),
        "reject" => options.reject(number(value)?),
        "non_char" => options.non_letters(is_on(value)?),
        "sentence" => options.sentence(is_on(value)?),
        _ => return Err(unknown(argument)),
    })
}

fn with_option(options: ExcerptOptions, argument: &Argument) -> Result<ExcerptOptions, Fault> {
    let Argument { value, name: Some(name) } = argument else { return Err(unknown(argument)) };
    let name = name.text.to_ascii_lowercase();
    if let Some((_, flag)) = FLAGS.iter().find(|(known, _)| *known == name) {
        return Ok(options.flag(*flag, is_on(value)?));
    }
    Ok(match name.as_str() {
        "before_match" => options.before_match(text(value)?),
        "after_match" => options.after_match(text(value)?),
        "chunk_separator" => options.chunk_separator(text(value)?),
        "limit" => options.limit(number(value)?),
        "around" => options.around(number(value)?),
        "limit_passages" => options.limit_passages(number(value)?),
        "limit_words" => options.limit_words(number(value)?),
        "start_passage_id" => options.start_passage_id(number(value)?),
        "html_strip_mode" => options.html_strip(one_of(value, &STRIPS)?),
        "passage_boundary" => options.passage_boundary(one_of(value, &BOUNDARIES)?),
        // Files that lie on some agent each are files, too.
        "load_files" if options.is_scattered() => options,
        "load_files" if is_on(value)? => options.load_files(ExcerptFiles::Everywhere),
        "load_files_scattered" if is_on(value)? => options.load_files(ExcerptFiles::Scattered),
        "load_files" | "load_files_scattered" => options,
        _ => return Err(unknown(argument)),
    })
}

fn is_statistics(name: Option<&Name>) -> bool {
    name.is_none_or(|name| ["stats", "hits"].iter().any(|known| name.text == *known))
}

fn texts(value: &Value) -> Result<Vec<String>, Fault> {
    match value {
        Value::List(values, _) => values.iter().map(text).collect(),
        value => Ok(vec![text(value)?]),
    }
}

fn text(value: &Value) -> Result<String, Fault> {
    match value {
        Value::Text(text) => Ok(text.text.clone()),
        other => Err(Fault::new(other.span(), "a text between single quotes is expected")),
    }
}

fn number(value: &Value) -> Result<u32, Fault> {
    let count = match value {
        Value::Number(number, _) => number.as_count(),
        _ => None,
    };
    let number = count.and_then(|count| u32::try_from(count).ok());
    number.filter(|number| *number <= NUMBER_MAX).ok_or_else(|| {
        let expected = format!("a whole number from 0 to {NUMBER_MAX} is expected");
        Fault::new(value.span(), expected)
    })
}

fn is_on(value: &Value) -> Result<bool, Fault> {
    match value {
        Value::Number(Number::Int(number), _) => Ok(*number != 0),
        other => Err(Fault::new(other.span(), "1 or 0 is expected")),
    }
}

fn one_of<T: Copy>(value: &Value, known: &[(&str, T)]) -> Result<T, Fault> {
    let word = text(value)?;
    known.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Fault::new(value.span(), format!("one of {} is expected", names.join(", ")))
    })
}

fn unknown(argument: &Argument) -> Fault {
    let span = argument.name.as_ref().map_or_else(|| argument.value.span(), |name| name.span);
    Fault::new(span, "an option of the procedure is expected, as in '5 AS around'")
}

const FLAGS: [(&str, ExcerptFlag); 8] = [
    ("exact_phrase", ExcerptFlag::ExactPhrase),
    ("single_passage", ExcerptFlag::SinglePassage),
    ("use_boundaries", ExcerptFlag::UseBoundaries),
    ("weight_order", ExcerptFlag::WeightOrder),
    ("query_mode", ExcerptFlag::QueryMode),
    ("force_all_words", ExcerptFlag::ForceAllWords),
    ("allow_empty", ExcerptFlag::AllowEmpty),
    ("emit_zones", ExcerptFlag::EmitZones),
];

const STRIPS: [(&str, HtmlStrip); 4] = [
    ("index", HtmlStrip::Index),
    ("none", HtmlStrip::None),
    ("strip", HtmlStrip::Strip),
    ("retain", HtmlStrip::Retain),
];

const BOUNDARIES: [(&str, PassageBoundary); 4] = [
    ("none", PassageBoundary::None),
    ("sentence", PassageBoundary::Sentence),
    ("paragraph", PassageBoundary::Paragraph),
    ("zone", PassageBoundary::Zone),
];
