//! Sections into the model.

use super::budget::Budget;
use super::diagnostics::Diagnostics;
use super::index::{Surroundings, read_index};
use super::known_keys;
use super::model::Config;
use super::reading::Reading;
use super::section::Sections;
use super::settings::read_searchd;

/// Builds the model, its warnings left out; every fault goes into `diagnostics`.
pub(super) fn build_config(
    sections: &Sections,
    reading: Reading,
    diagnostics: &mut Diagnostics,
) -> Config {
    known_keys::check(sections, reading, diagnostics);
    let searchd = sections.searchd.as_ref();
    let searchd =
        searchd.map(|section| read_searchd(section, reading, diagnostics)).unwrap_or_default();
    let mut budget = Budget::new();
    let surroundings = Surroundings::new(sections, &searchd, reading);
    let mut indexes = Vec::new();
    for (position, section) in sections.indexes.iter().enumerate() {
        if budget.is_spent() {
            break;
        }
        indexes.extend(read_index(section, position, &surroundings, &mut budget, diagnostics));
    }
    Config { searchd, indexes, warnings: Vec::new() }
}
