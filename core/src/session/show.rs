//! What the library tells of indexes and agents.

use super::answer::Answer;
use crate::sphinxql::{self, Fault, Name, Text};
use crate::status::{AgentStatus, IndexStatus, Show, ShowTarget, Status, matches_like};

/// SHOW STATUS, SHOW AGENT STATUS and SHOW TABLES.
pub(super) fn show(status: &Status, show: &sphinxql::Show) -> Answer {
    let target = match &show.target {
        sphinxql::ShowTarget::AgentStatus(None) => ShowTarget::Hosts,
        sphinxql::ShowTarget::AgentStatus(Some(name)) => ShowTarget::Named(name.text.clone()),
        sphinxql::ShowTarget::Status => ShowTarget::Counters,
        _ => return tables(status, show.like.as_ref()),
    };
    let mut asked = Show::new(target);
    if let Some(like) = &show.like {
        asked = asked.like(like.text.as_str());
    }
    let rows = status.show(&asked).into_iter().map(|(key, value)| [key, value]);
    Answer::of_texts(asked.columns(), rows.collect())
}

fn tables(status: &Status, like: Option<&Text>) -> Answer {
    let names = status.indexes.iter().map(|index| &index.name).filter(|name| is_like(name, like));
    let rows = names.map(|name| [name.clone(), "distributed".to_owned()]);
    Answer::of_texts(["Index", "Type"], rows.collect())
}

/// DESCRIBE: the local indexes and the agents of a distributed one.
pub(super) fn describe(
    status: &Status,
    index: &Name,
    like: Option<&Text>,
) -> Result<Answer, Fault> {
    let Some(IndexStatus { locals, .. }) = status.index(&index.text) else {
        return Err(Fault::new(index.span, "an index of the configuration is expected"));
    };
    let mut rows: Vec<[String; 2]> =
        locals.iter().map(|local| [local.clone(), "local".to_owned()]).collect();
    for agent in status.lines_of(&index.text) {
        put_agent(agent, &mut rows);
    }
    rows.retain(|[name, _]| is_like(name, like));
    Ok(Answer::of_texts(["Agent", "Type"], rows))
}

fn put_agent(agent: &AgentStatus, rows: &mut Vec<[String; 2]>) {
    let line = agent.number + 1;
    for (number, mirror) in agent.mirrors.iter().enumerate() {
        let kind = match agent.is_ha() {
            true => format!("remote_{line}_mirror_{}", number + 1),
            false => format!("remote_{line}"),
        };
        rows.push([mirror.id.clone(), kind]);
    }
}

/// Whether a key fits the pattern of LIKE; an empty one fits all, as in a daemon.
pub(super) fn is_like(key: &str, like: Option<&Text>) -> bool {
    like.is_none_or(|like| like.text.is_empty() || matches_like(&like.text, key))
}
