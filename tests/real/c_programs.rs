//! Programs in C on top of the library: alone, under valgrind and with sanitizers, on real daemons
//! where they need any.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use hamirror::Value;
use hamirror::{Client, Config, Search, SearchResult, search};
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::daemon::{Daemon, free_port};
use hamirror_tests::echo::{EchoDaemon, Manners};
use hamirror_tests::fake::{FakeDaemon, Fault};
use hamirror_tests::library::{self, Profile};
use hamirror_tests::oracle::Oracle;
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::program::{self, Program};
use hamirror_tests::{corpus, process, workspace};

#[test]
fn misuse_is_an_error_and_no_crash() -> Result<()> {
    for name in ["misuse_null", "misuse_null_commands", "misuse"] {
        Program::c(name)?.run_every_way(&[])?;
    }
    Ok(())
}

#[test]
fn memory_that_does_not_suffice_is_an_error() -> Result<()> {
    // No checker has room in the address space that it leaves.
    Program::c("memory")?.run(&[]).map(drop)
}

#[test]
fn a_fork_leaves_no_lock_of_another_thread() -> Result<()> {
    let program = Program::c("fork_threads")?;
    program.run(&[])?;
    program.sanitized()?.run(&[]).map(drop)
}

#[test]
fn the_static_library_links_too() -> Result<()> {
    let linkage = Linkage::Static(library::build(Profile::Dev)?);
    let compiler = Compiler::new(Standard::C("c99"), linkage);
    Program::build(compiler, &["c/misuse.c"])?.run_every_way(&[]).map(drop)
}

#[test]
fn configurations_are_read_by_the_rules_of_a_daemon() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("c.conf").display().to_string();
    Program::c("config_lenient")?.run_every_way(&[&file]).map(drop)
}

#[test]
fn waits_end_by_a_wake_a_cancel_and_a_deadline() -> Result<()> {
    let program = Program::c("waker")?;
    program.run_every_way(&[])?;
    program.run_threads_checked(&[]).map(drop)
}

#[test]
fn local_work_goes_on_while_agents_work() -> Result<()> {
    let program = Program::c("local_work")?;
    program.run_every_way(&[])?;
    program.run_threads_checked(&[]).map(drop)
}

#[test]
fn the_library_can_be_loaded_at_run_time_and_stays() -> Result<()> {
    let library = library::build(Profile::Dev)?.join("libhamirror.so");
    let compiler = Compiler::new(Standard::C("c99"), Linkage::None);
    let program = Program::build(compiler, &["c/dlopen.c"])?;
    let expected = format!("{}\n", env!("CARGO_PKG_VERSION")).repeat(3);
    ensure!(program.run_every_way(&[&library.display().to_string()])? == expected);
    Ok(())
}

#[test]
fn programs_answer_as_rust_does() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(2_000, 5), |_| {})?;
    let config = cluster.patient_config().display().to_string();
    let client = Client::new(&Config::read(cluster.patient_config())?)?;
    let arguments = [config.as_str(), INDEX];

    for name in ["batch_poll", "batch_completed", "values"] {
        let program = Program::c(name)?;
        let printed = program.run_every_way(&arguments)?;
        let result = client.search(INDEX, &whole_search())?;
        ensure!(printed.is_empty() || printed == told(&result), "not as Rust: {printed}");
    }

    Program::c("search_settings")?.run_every_way(&arguments)?;

    // Under valgrind the child would be blamed for what only the parent can free.
    let fork = Program::c("fork")?;
    fork.run(&arguments)?;
    fork.sanitized()?.run(&arguments)?;
    let threads = Program::c("threads")?;
    for status in threads.outputs(&[&config, INDEX, "3"])? {
        ensure!(status.starts_with("status_period_seconds\t60\n"), "{status}");
    }
    threads.run(&[&config, INDEX, "200"])?;
    threads.run_threads_checked(&[&config, INDEX, "3"])?;

    let result = client.search(INDEX, &Search::new("library"))?;
    let expected: String =
        result.rows().map(|row| format!("{} {}\n", row.id(), row.weight())).collect();
    ensure!(result.len() == 20);
    let example = Program::c("example")?;
    let sanitized = example.sanitized()?;
    for mut command in [example.command(), example.memory_checked()?, sanitized.command()] {
        ensure!(process::run(command.current_dir(cluster.folder().join("patient")))? == expected);
    }
    Ok(())
}

/// Not the programs' own code alone.
#[test]
fn the_library_itself_does_well_under_the_sanitizer_of_addresses() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(2_000, 5), |_| {})?;
    let config = cluster.patient_config().display().to_string();
    let linkage = Linkage::Static(library::build_sanitized()?);
    for (name, arguments) in [
        ("batch_poll", vec![&*config, INDEX]),
        ("values", vec![&*config, INDEX]),
        ("search_settings", vec![&*config, INDEX]),
        ("threads", vec![&*config, INDEX, "3"]),
        ("fork", vec![&*config, INDEX]),
        ("misuse", vec![]),
    ] {
        let compiler = Compiler::new(Standard::C("c99"), linkage.clone());
        let compiler = compiler.flag("-fsanitize=address");
        Program::build(compiler, &[&format!("c/{name}.c")])?.run(&arguments)?;
    }
    Ok(())
}

#[test]
fn the_worker_of_the_bench_works() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 13), |_| {})?;
    let orders = cluster.folder().join("orders");
    fs::write(&orders, "2 3\n1 1\n")?;
    let worker = Program::c("bench_search")?;
    let sanitized = worker.sanitized()?;
    for mut command in [worker.command(), worker.memory_checked()?, sanitized.command()] {
        command.arg(cluster.patient_config()).args([INDEX, "library"]);
        let output = command.stdin(fs::File::open(&orders)?).output()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        // CPU and wall time, and a latency for each search.
        let numbers: Vec<usize> = printed.lines().map(|line| line.split(' ').count()).collect();
        ensure!(output.status.success() && numbers == [2 + 6, 2 + 1], "{output:?}");
    }
    Ok(())
}

#[test]
fn what_an_engineer_writes_first() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 9), |_| {})?;
    let config = cluster.patient_config().display().to_string();
    let client = Client::new(&Config::read(cluster.patient_config())?)?;
    let found = |query: &str| {
        let result = client.search(INDEX, &Search::new(query))?;
        anyhow::Ok(result.total_found)
    };

    for printed in Program::c("raw_epoll")?.outputs(&[&config, INDEX, "library"])? {
        let mut lines: Vec<&str> = printed.lines().collect();
        lines.sort_unstable();
        ensure!(lines.len() == 2, "{printed}");
        for (agent, line) in lines.iter().enumerate() {
            let is_right = line.starts_with(&format!("agent {agent}, 127.0.0.1:"))
                && line.ends_with(": query status 0");
            ensure!(is_right, "{line}");
        }
    }

    let queries = ["library", "python", "library | python", "nosuchword", "doc"];
    let arguments = [&[config.as_str(), INDEX][..], &queries].concat();
    let pool = Program::c("thread_pool")?;
    let mut expected = String::new();
    for query in queries {
        expected += &format!("{query}: {}\n", found(query)?);
    }
    ensure!(pool.run_every_way(&arguments)? == expected, "not {expected}");
    pool.run_threads_checked(&arguments)?;

    for name in ["raw_epoll", "thread_pool", "plugin"] {
        let source = fs::read_to_string(workspace::source(&format!("c/{name}.c")))?;
        ensure!(source.lines().count() < 100, "{name}.c is long");
    }
    Ok(())
}

#[test]
fn a_plugin_asks_agents_from_inside_a_query() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 10), |_| {})?;
    let config = cluster.patient_config().display().to_string();
    let client = Client::new(&Config::read(cluster.patient_config())?)?;
    let result = client.search(INDEX, &Search::new("library"))?;
    let found = result.total_found;
    ensure!(found > 0);
    let shared = program::shared()?;
    let library = Compiler::new(Standard::C("c99"), shared).flag("-shared").flag("-fPIC");
    let plugin = Program::build(library, &["c/plugin.c"])?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("plugin.so");
    fs::copy(plugin.path(), &file)?;

    let without = Compiler::new(Standard::C("c99"), Linkage::None);
    let host = Program::build(without, &["c/plugin_caller.c"])?;
    let arguments = [&file.display().to_string(), config.as_str(), INDEX, "library"];
    ensure!(host.run_every_way(&arguments)? == format!("{found}\n").repeat(2));
    host.run_threads_checked(&arguments)?;

    let sections = format!(
        "common\n{{\n    plugin_dir = {folder}\n}}\nindex rt\n{{\n    type = rt\n    \
         path = {folder}/rt\n    rt_field = title\n    rt_attr_uint = gid\n}}\n",
        folder = folder.path().display()
    );
    let daemon = Daemon::start(folder.path(), &sections, "")?;
    let mut oracle = Oracle::connect(daemon.address())?;
    let question = format!("SELECT id, remote_found('{config}', '{INDEX}', 'library') FROM rt");
    for statement in [
        "CREATE FUNCTION remote_found RETURNS BIGINT SONAME 'plugin.so'",
        "INSERT INTO rt (id, title, gid) VALUES (1, 'one', 1), (2, 'two', 2)",
        &question,
    ] {
        let answer = String::from_utf8_lossy(&sphinxql(&mut oracle, statement)?).into_owned();
        ensure!(!answer.contains("#42000"), "{statement}: {answer}");
        let times = if statement == question { 2 } else { 0 };
        ensure!(answer.matches(&format!("{found}")).count() == times, "{statement}: {answer}");
    }
    Ok(())
}

#[test]
fn the_demo_program_keeps_to_its_format() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 6), |_| {})?;
    let config = cluster.patient_config().display().to_string();
    let client = Client::new(&Config::read(cluster.patient_config())?)?;
    let demo = Program::c("demo_search")?;
    let search = Search::new("library").select("name").limit(10);
    let result = client.search(INDEX, &search)?;
    let mut expected = format!("total {} found {} agents 2/2\n", result.total, result.total_found);
    for row in result.rows() {
        let name = value_text(row.value(result.column("name").context("a column name")?));
        expected += &format!("{} {} {name}\n", row.id(), row.weight());
    }
    ensure!(demo.run_every_way(&[&config, INDEX, "library"])? == expected);
    for (arguments, code, part) in [
        (vec![config.as_str(), INDEX], 2, "usage: "),
        (vec![&config, "nosuch", "library"], 1, "error: "),
        (vec!["no/such.conf", INDEX, "library"], 1, "error: "),
    ] {
        let output = process::output(demo.command().args(arguments))?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(code) && output.stdout.is_empty(), "{text}");
        ensure!(text.starts_with(part), "{text}");
    }
    Ok(())
}

#[test]
fn callbacks_build_and_judge_and_may_misbehave() -> Result<()> {
    let [one, other, _] = echoes()?;
    Program::c("callbacks")?.run_every_way(&[&one.name, &other.name]).map(drop)
}

#[test]
fn a_build_callback_is_told_whose_daemon_answered() -> Result<()> {
    let captures = workspace::root().join("core/tests/captures");
    let daemon = |name: &str| {
        let reply = Some(fs::read(captures.join(format!("{name}.rep.bin")))?);
        FakeDaemon::start(Fault::Greet { version: 1, reply })
    };
    let (sphinx, manticore) = (daemon("search_allattrs_11E")?, daemon("m_search_allattrs_11E")?);
    let [one, other] = [&sphinx, &manticore].map(|daemon| daemon.address().to_string());
    let request = captures.join("search_allattrs_11E.req.bin").display().to_string();
    Program::c("product")?.run_every_way(&[&one, &other, &request]).map(drop)
}

#[test]
fn status_tells_all_that_rust_knows() -> Result<()> {
    let [echo, ..] = echoes()?;
    let (port, dead) = (echo.port().to_string(), format!("127.0.0.1:{}", free_port()?));
    Program::c("status_text")?.run_every_way(&[&echo.name, &port, &dead]).map(drop)
}

#[test]
fn upkeep_runs_in_a_poll_loop() -> Result<()> {
    let [one, other, hole] = echoes()?;
    Program::c("upkeep")?.run_every_way(&[&one.name, &other.name, &hole.name]).map(drop)
}

#[test]
fn a_log_hears_what_happens_on_every_thread() -> Result<()> {
    let dead = format!("127.0.0.1:{}", free_port()?);
    let program = Program::c("log")?;
    program.run_every_way(&[&dead])?;
    program.run_threads_checked(&[&dead]).map(drop)
}

#[test]
fn nothing_is_told_once_a_client_has_ended() -> Result<()> {
    Program::c("log_end")?.run_every_way(&[]).map(drop)
}

#[test]
fn local_indexes_are_searched_by_the_program() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(500, 9), |_| {})?;
    let [one, other] = [0, 1].map(|shard| cluster.daemons()[shard][0].address());
    let index =
        |name: &str, lines: &str| format!("index {name}\n{{\n    type = distributed\n{lines}}}\n");
    let agent = |address, list: &str| format!("    agent = {address}:{list}\n");
    let text = index("mixed", &(agent(one, "packages0") + "    local = packages1\n"))
        + &index("whole", &(agent(one, "packages0") + &agent(other, "packages1")))
        + &index("own", &agent(other, "packages1"));
    let config = cluster.folder().join("locals.conf");
    fs::write(&config, text)?;
    Program::c("locals")?.run_every_way(&[&config.display().to_string()]).map(drop)
}

#[test]
fn a_short_result_is_told_or_refused() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 8), |_| {})?;
    let config = cluster.folder().join("incomplete.conf");
    // Nobody listens on port 1.
    let dead = "    agent = 127.0.0.1:1:packages2\n";
    fs::write(&config, cluster.config_text(Agents::Plain, dead))?;
    let program = Program::c("incomplete")?;
    program.run_every_way(&[&config.display().to_string(), INDEX]).map(drop)
}

#[test]
fn a_thousand_batches_in_epoll_lose_nothing_with_a_mirror() -> Result<()> {
    keeps_a_thousand_in_flight(&Program::c("batch_epoll")?)
}

#[test]
fn a_thousand_batches_in_poll_lose_nothing_with_a_mirror() -> Result<()> {
    keeps_a_thousand_in_flight(&Program::c("batches_poll")?)
}

#[test]
fn a_thousand_batches_in_libuv_lose_nothing_with_a_mirror() -> Result<()> {
    packages::ensure(&[Tool::Libuv])?;
    let compiler = Compiler::new(Standard::C("c99"), program::shared()?).library("-luv");
    keeps_a_thousand_in_flight(&Program::build(compiler, &["c/batch_uv.c"])?)
}

fn keeps_a_thousand_in_flight(program: &Program) -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(300, 12), |_| {})?;
    let config = cluster.patient_config().display().to_string();
    // No input: each place is used once.
    let printed = program.run_every_way(&[&config, INDEX, "10"])?;
    ensure!(printed == "10\nsearches 10 failed 0\n", "{printed}");

    let mut command = program.command();
    command.args([&config, INDEX, "1000"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
    lines.next().context("a thousand searches")??;
    cluster.daemon(0, 0).kill()?;
    lines.next().context("a thousand searches more")??;
    drop(child.stdin.take());
    let last = lines.map_while(Result::ok).last().context("a last line")?;
    let status = child.wait()?;
    ensure!(status.success() && last.ends_with(" failed 0"), "{status}: {last}");
    Ok(())
}

#[test]
fn a_mirror_dies_and_no_query_fails() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(500, 7), |_| {})?;
    let program = Program::c("failover")?;
    // No input: the load ends as soon as it has begun.
    for printed in program.outputs(&[&cluster.patient_config().display().to_string(), INDEX])? {
        ensure!(printed.ends_with(" failed 0\n"), "{printed}");
    }
    let mut command = program.command();
    command.arg(cluster.config()).arg(INDEX).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("stdout")?).lines();
    // Each line is a hundred queries more.
    let mut queries = |hundreds: usize| -> Result<()> {
        for _ in 0..hundreds {
            lines.next().context("the program goes on")??;
        }
        Ok(())
    };
    queries(3)?;
    for mirror in 0..2 {
        cluster.daemon(0, mirror).kill()?;
        queries(5)?;
        cluster.daemon(0, mirror).restart()?;
        // A mirror that was dead is tried again soon; until then the other must live.
        queries(5)?;
    }
    drop(child.stdin.take());
    let last = lines.map_while(Result::ok).last().context("a last line")?;
    let status = child.wait()?;
    ensure!(status.success() && last.ends_with(" failed 0"), "{status}: {last}");
    Ok(())
}

/// What a daemon answers a statement: packets of MySQL (core/docs/spec/protocol.md 3.8).
fn sphinxql(oracle: &mut Oracle, statement: &str) -> Result<Vec<u8>> {
    let length = statement.len() as u32;
    let header =
        [&b"\0\x08\x01\0"[..], &(length + 4).to_be_bytes(), &length.to_be_bytes()].concat();
    let frame = oracle.exchange(&[&header, statement.as_bytes()].concat())?;
    ensure!(frame.status == 0, "status {}", frame.status);
    Ok(frame.body)
}

fn echoes() -> Result<[EchoDaemon; 3]> {
    let echo = || EchoDaemon::on("127.0.0.1", Manners::default());
    Ok([echo()?, echo()?, echo()?])
}

/// The search of values.c.
fn whole_search() -> Search {
    Search::new("library")
        .select("*, id, facts.either")
        .exclude_values("id", [3, 5, 7])
        .filter_range("size", 0, i64::MAX)
        .exclude_float_range("ratio", -2.0, -1.0)
        .exclude_string("name", "nothing")
        .exclude_null("facts.section")
        .geo_anchor("ratio", "ratio", 0.5, -0.25)
        .id_range(1, 1_500)
        .sort(search::Sort::Extended("@id desc".to_owned()))
        .offset(2)
        .limit(50)
        .max_matches(500)
        .max_query_time_ms(60_000)
        .ranker(search::Ranker::Sph04)
        .field_weight("title", 10)
        .index_weight("*", 2)
        .comment("values.c")
}

/// A result as values.c prints it.
fn told(result: &SearchResult) -> String {
    let mut text = String::new();
    for column in result.columns() {
        text += &format!("{} {}\n", column.name, column.kind.code());
    }
    for word in &result.words {
        text += &format!("{} {} {}\n", word.word, word.docs, word.hits);
    }
    for field in &result.fields {
        text += &format!("{field}\n");
    }
    for row in result.rows() {
        text += &format!("{} {}", row.id(), row.weight());
        for column in 0..result.columns().len() {
            text += &format!("|{}", value_text(row.value(column)));
        }
        text += "\n";
    }
    text
}

fn value_text(value: Value<'_>) -> String {
    let list = |numbers: Vec<String>| numbers.join(",");
    match value {
        Value::Uint(value) => value.to_string(),
        Value::Bool(value) => u8::from(value).to_string(),
        Value::Bigint(value) => value.to_string(),
        Value::Float(value) => format!("{:.6}", f64::from(value)),
        Value::Double(value) => format!("{value:.6}"),
        Value::String(value) => String::from_utf8_lossy(value).into_owned(),
        Value::Multi(set) => list(set.iter().map(|value| value.to_string()).collect()),
        Value::Multi64(set) => list(set.iter().map(|value| value.to_string()).collect()),
        Value::Json(json) => String::from_utf8_lossy(&json.text()).into_owned(),
        Value::Uint64(value) => value.to_string(),
        Value::Null => "NULL".to_owned(),
        other => format!("{other:?}"),
    }
}
