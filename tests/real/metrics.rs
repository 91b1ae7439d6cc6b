//! The text for Prometheus, as Prometheus' own tool reads it.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use hamirror::{Client, ClientOptions, Config, Search};
use hamirror_tests::cluster::{Agents, Cluster};
use hamirror_tests::daemon::free_port;
use hamirror_tests::{corpus, packages};

#[test]
fn promtool_has_nothing_to_say() -> Result<()> {
    let promtool = packages::unpacked("prometheus", "promtool")?;
    let mut cluster = Cluster::start(corpus::synthetic(200, 61), |_| {})?;
    let living = cluster.daemon(0, 0).address();
    let dead = format!("127.0.0.1:{}", free_port()?);
    let sections = cluster.config_text(Agents::Persistent, "")
        + &format!(
            "index half {{\n type = distributed\n agent = {living}:packages0\n agent = {dead}:i\n \
             agent_blackhole = {dead}:b\n}}\n"
        );
    let options = ClientOptions::default().background(false);
    let client = Client::with_options(&Config::parse(&sections, "metrics.conf")?, options)?;
    // Once with nothing counted yet.
    check(&promtool, &client.status().prometheus())?;
    for _ in 0..7 {
        client.search("packages", &Search::new("library"))?;
        client.search("half", &Search::new("library"))?;
    }
    let text = client.status().prometheus();
    check(&promtool, &text)?;
    for line in [
        "hamirror_agent_unanswered_total{index=\"half\",agent=\"0\"} 0",
        "hamirror_agent_unanswered_total{index=\"half\",agent=\"1\"} 7",
        "hamirror_agent_mirrors_up{index=\"half\",agent=\"0\"} 1",
        "hamirror_agent_mirrors_up{index=\"half\",agent=\"1\"} 0",
        "hamirror_agent_mirrors_up{index=\"packages\",agent=\"1\"} 2",
    ] {
        ensure!(text.lines().any(|known| known == line), "{line} is not in {text}");
    }
    ensure!(text.contains(&format!("hamirror_host_state{{host=\"{dead}\",state=\"dead\"}} 1")));
    Ok(())
}

/// Faults and matters of style alike end the tool with an exit status.
fn check(promtool: &std::path::Path, text: &str) -> Result<()> {
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("its input")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(output.status.success() && said.trim().is_empty(), "{}: {said}", output.status);
    Ok(())
}
