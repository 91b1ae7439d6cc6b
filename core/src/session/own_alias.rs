//! What of a select list agents would refuse though a lone daemon takes it: they read it by the
//! grammar of the API. Columns get other aliases, which the answer turns back.

use crate::sphinxql::{
    Aggregate, Column, Item, ItemKind, Name, Order, OrderKey, Outer, Predicate, Select, reword,
};

/// A select as agents take it.
pub(super) struct Reworded {
    pub(super) select: Select,
    /// Names of its columns in the answer, one for each item: `None` where it stays as it comes.
    pub(super) names: Vec<Option<String>>,
}

/// Aliases of a statement, each with the one that agents get.
struct Aliases(Vec<(String, String)>);

impl Reworded {
    pub(super) fn new(mut select: Select) -> Reworded {
        let aliases = Aliases::new(&select);
        let names = select.items.iter_mut().map(|item| aliases.put_item(item)).collect();
        if aliases.0.is_empty() {
            return Reworded { select, names };
        }
        select.conditions.iter_mut().for_each(|predicate| aliases.put_predicate(predicate));
        if let Some(group) = &mut select.group {
            group.columns.iter_mut().for_each(|column| aliases.put_column(column));
            aliases.put_keys(&mut group.within);
        }
        if let Some(having) = &mut select.having {
            aliases.put_predicate(having);
        }
        if let Order::Keys(keys) = &mut select.order {
            aliases.put_keys(keys);
        }
        if let Some(Outer { order, .. }) = &mut select.outer {
            aliases.put_keys(order);
        }
        Reworded { select, names }
    }
}

impl Aliases {
    fn new(select: &Select) -> Aliases {
        let mut aliases = Aliases(Vec::new());
        for Name { text, .. } in select.items.iter().filter_map(|item| item.alias.as_ref()) {
            let is_refused = REFUSED.iter().any(|word| text.eq_ignore_ascii_case(word));
            if is_refused && aliases.other(text).is_none() {
                let other = free_name(&format!("{OWN}{}", text.to_ascii_lowercase()), select);
                aliases.0.push((text.clone(), other));
            }
        }
        aliases
    }

    /// The alias that agents get for that one.
    fn other(&self, alias: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let (_, other) = pairs.find(|(own, _)| own.eq_ignore_ascii_case(alias))?;
        Some(other)
    }

    /// Rewords an entry, and returns the name of its column in the answer if that is another one.
    fn put_item(&self, item: &mut Item) -> Option<String> {
        let written = item.text.clone();
        // Daemons count distinct values of attributes alone.
        if !matches!(
            item.kind,
            ItemKind::Aggregate(Aggregate::Count | Aggregate::CountDistinct(_))
        ) {
            item.text = reword(&item.text, |word| self.other(word));
        }
        match &mut item.alias {
            Some(alias) => {
                let other = self.other(&alias.text)?.to_owned();
                let own = std::mem::replace(&mut alias.text, other);
                Some(own.to_ascii_lowercase())
            }
            None => (item.text != written).then(|| written.to_ascii_lowercase()),
        }
    }

    fn put_predicate(&self, predicate: &mut Predicate) {
        self.put_column(&mut predicate.column);
    }

    fn put_keys(&self, keys: &mut [OrderKey]) {
        keys.iter_mut().for_each(|key| self.put_column(&mut key.column));
    }

    /// A column may be a field of an alias.
    fn put_column(&self, column: &mut Column) {
        column.text = reword(&column.text, |word| self.other(word));
    }
}

/// The name, longer where the select list has that already.
fn free_name(name: &str, select: &Select) -> String {
    let mut name = name.to_owned();
    let has = |text: &str, name: &str| text.to_ascii_lowercase().contains(name);
    let is_taken = |name: &str| {
        let aliases = select.items.iter().filter_map(|item| item.alias.as_ref());
        select.items.iter().any(|item| has(&item.text, name))
            || aliases.into_iter().any(|alias| has(&alias.text, name))
    };
    while is_taken(&name) {
        name.push('_');
    }
    name
}

/// Words of the API's grammar that name no column (2.2.11).
const REFUSED: [&str; 10] = [
    "avg",
    "count",
    "distinct",
    "group_concat",
    "groupby",
    "max",
    "min",
    "option",
    "sum",
    "weight",
];

/// Begin of an alias that agents get in place of such a word.
const OWN: &str = "hamirror_";
