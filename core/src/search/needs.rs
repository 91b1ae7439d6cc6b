//! What of a search only some daemons know: others pass over it without a word.

use crate::wire::search::{ALL_VALUES, Dialect, Filter, FilterTest, Layout, Query, flags};

/// Something of a query that not every daemon knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// `ALL` in a filter.
    AllValues,
    LowPriority,
    ReverseScan,
    PredictedTime,
    /// Other flags than those that every daemon has.
    Flags,
    /// A range of floats without its ends.
    OpenEnds,
    RowsPerGroup,
    Plugins,
}

impl Need {
    /// What a query needs.
    pub(super) fn of(query: &Query) -> Vec<Need> {
        let is_set = |flag| query.flags & flag != 0;
        let all_values = query.filters.iter().any(|filter| filter.multi_function == ALL_VALUES);
        let is_open = |filter: &Filter| {
            matches!(filter.test, FilterTest::FloatRange(..)) && !filter.has_equal
        };
        let has_plugins = query.ranker_plugin.iter().chain(&query.token_filter);
        let needs = [
            (all_values, Need::AllValues),
            (is_set(flags::LOW_PRIORITY), Need::LowPriority),
            (is_set(flags::REVERSE_SCAN), Need::ReverseScan),
            (is_set(flags::PREDICTED_TIME), Need::PredictedTime),
            (query.flags != flags::TFIDF_NORMALIZED, Need::Flags),
            (query.filters.iter().any(is_open), Need::OpenEnds),
            (query.rows_per_group != 1, Need::RowsPerGroup),
            (has_plugins.into_iter().any(|text| !text.is_empty()), Need::Plugins),
        ];
        needs.into_iter().filter_map(|(is_needed, need)| is_needed.then_some(need)).collect()
    }

    /// What to say if the daemon with that version of SEARCH, asked in that layout, has passed
    /// over it.
    pub(super) fn unmet(self, version: u16, layout: Layout) -> Option<String> {
        let is_manticore = Dialect::of_version(version) == Dialect::Manticore;
        let (is_met, what, whose) = match self {
            Need::AllValues => (version >= SPHINX_2_3, "ALL() in a filter", "Sphinx 2.3"),
            Need::LowPriority => (version >= SPHINX_2_3, "a low priority", "Sphinx 2.3"),
            Need::ReverseScan => (!is_manticore, "a reverse scan", ""),
            Need::PredictedTime => (!is_manticore, "a longest predicted time", ""),
            Need::Flags => (layout.has_flags(), "flags of the query", SPHINX_2_2),
            Need::OpenEnds => (layout.has_ends(), "a range without its ends", SPHINX_2_2),
            Need::RowsPerGroup => {
                (layout.has_rows_per_group(), "the number of rows of a group", SPHINX_2_2)
            }
            Need::Plugins => (layout.has_plugins(), "plugins", SPHINX_2_2),
        };
        if is_met {
            return None;
        }
        let product = if is_manticore { "Manticore" } else { "this Sphinx" };
        let hint = match whose {
            "" => "leave it out".to_owned(),
            whose => format!("update it to {whose}, or leave it out"),
        };
        Some(format!("{product} (SEARCH version {version:#x}) passes over {what}: {hint}"))
    }
}

/// Whether a filter of the query is written otherwise for the two products.
pub(super) fn has_dialect(query: &Query) -> bool {
    query.filters.iter().any(|filter| matches!(filter.test, FilterTest::Strings(_)))
}

/// Version of SEARCH of Sphinx 2.3.
const SPHINX_2_3: u16 = 0x120;

/// The last one that is known to take all of it.
const SPHINX_2_2: &str = "Sphinx 2.2.11";
