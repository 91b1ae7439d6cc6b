//! Programs in C and C++ that merge replies by themselves, recorded ones of a 2.2.11 master's
//! agents; what they print is what Rust is told.

use std::fs;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use hamirror::search::{Grouping, MergeMode, RawMerge, Search};
use hamirror::{Completeness, FailureKind, Value};
use hamirror_tests::program::Program;
use hamirror_tests::workspace;

#[test]
fn raw_replies_are_merged_alike_in_c_and_cpp() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let captures = workspace::root().join("core/tests/captures/merged");
    let mut paths = Vec::new();
    let mut replies = Vec::new();
    for agent in ["A", "B"] {
        let stream = fs::read(captures.join(format!("s2_api_g_attr.{agent}.s2c.bin")))?;
        // Behind the handshake.
        let frame = stream.get(4..).context("a reply")?;
        let path = folder.path().join(agent);
        fs::write(&path, frame)?;
        paths.push(path.display().to_string());
        replies.push((agent, frame.to_vec()));
    }
    let expected = listing(&replies)?;
    ensure!(expected.lines().count() > 7 && expected.contains("C: query timed out"), "{expected}");
    for program in [Program::c("raw_merge")?, Program::cpp("raw_merge")?] {
        let printed = program.run_every_way(&[&paths[0], &paths[1]])?;
        ensure!(printed == expected, "{printed}, not as Rust: {expected}");
    }
    Ok(())
}

fn listing(replies: &[(&str, Vec<u8>)]) -> Result<String> {
    let search = Search::new("").select("id, gid, AVG(fl) af");
    let search = search.group(Grouping::by("gid").order("@count desc"));
    let search = search.merge_mode(MergeMode::Master);
    let mut merge = RawMerge::new("d", &[search], SystemTime::now())?;
    for (agent, frame) in replies {
        let number = |place: usize| u16::from_be_bytes([frame[place], frame[place + 1]]);
        merge.add_reply(agent, number(0), number(2), frame[8..].to_vec())?;
    }
    merge.add_failure("C", FailureKind::QueryTimeout, "query timed out");
    let result = merge.finish(Completeness::BestEffort)?.pop().context("a result")??;
    let mut text = String::new();
    for row in &result {
        let Value::Uint(gid) = row.value(1) else { anyhow::bail!("{:?}", row.value(1)) };
        let average = match row.value(2) {
            Value::Float(average) => f64::from(average),
            Value::Double(average) => average,
            other => anyhow::bail!("{other:?}"),
        };
        text += &format!("{} {gid} {average:.6}\n", row.id());
    }
    for outcome in &result.outcomes {
        text += &format!("agent '{}'\n", outcome.host.as_deref().unwrap_or_default());
    }
    Ok(text + &format!("warning {}\n", result.warning.as_deref().unwrap_or_default()))
}
