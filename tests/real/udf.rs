//! The plugin for searchd, inside a real one: it answers as Rust does, and never harms its host.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hamirror::{Client, Config, Search};
use hamirror_tests::cluster::{Agents, Cluster, INDEX};
use hamirror_tests::compiler::{Compiler, Linkage, Standard};
use hamirror_tests::daemon::Daemon;
use hamirror_tests::library::{self, Profile};
use hamirror_tests::oracle::Oracle;
use hamirror_tests::packages::{self, Tool};
use hamirror_tests::program::Checker;
use hamirror_tests::{corpus, install, process, workspace};
use tempfile::TempDir;

#[test]
fn it_counts_as_rust_does_while_mirrors_die() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(600, 21), |_| {})?;
    let host = Host::start("threads")?;
    let config = cluster.config();
    host.allow(&config)?;
    let client = Client::new(&Config::read(&config)?)?;
    for word in ["library", "mirror", "nosuchword"] {
        let found = client.search(INDEX, &Search::new(word))?.total_found;
        let expected = vec![vec![found.to_string(), String::new()]; Host::ROWS];
        ensure!(host.count(&config, INDEX, word)? == expected, "{word}");
    }

    let whole = host.count(&config, INDEX, "library")?;
    cluster.daemon(0, 0).kill()?;
    for _ in 0..20 {
        ensure!(host.count(&config, INDEX, "library")? == whole);
    }
    cluster.daemon(0, 1).kill()?;
    for row in host.count(&config, INDEX, "library")? {
        ensure!(row[0] == "-1" && row[1].contains("refused"), "{row:?}");
    }
    cluster.daemon(0, 1).restart()?;
    host.check_alive()
}

#[test]
fn a_statement_asks_once_and_the_status_tells() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 22), |_| {})?;
    let host = Host::start("threads")?;
    // Pings would be counted, too.
    let config = cluster.folder().join("quiet.conf");
    let text =
        cluster.config_text(Agents::Plain, "") + "searchd\n{\n    ha_ping_interval = 0\n}\n";
    fs::write(&config, text)?;
    host.allow(&config)?;
    let path = config.display().to_string();
    let status = |key: &str| -> Result<String> {
        let select = format!("SELECT hamirror_status('{path}', '{key}') AS s FROM rows LIMIT 1");
        Ok(host.sphinxql(&select)?.remove(0).remove(0))
    };
    ensure!(status("status_period_seconds")? == "60" && status("nosuch")?.is_empty());
    let answers = || -> Result<u64> {
        let all = &host
            .sphinxql(&format!("SELECT hamirror_status('{path}') AS s FROM rows LIMIT 1"))?[0][0];
        let counts = all.lines().filter_map(|line| {
            let (key, value) = line.split_once('\t')?;
            key.ends_with("_1periods_succeeded_queries").then_some(value)
        });
        counts.map(|count| Ok(count.parse::<u64>()?)).sum()
    };
    ensure!(answers()? == 0);
    host.sphinxql(&format!(
        "SELECT hamirror_count('{path}', '{INDEX}', 'library') AS n FROM rows"
    ))?;
    // Each shard once, not once for each row.
    ensure!(answers()? == 2, "{} answers", answers()?);
    host.check_alive()
}

#[test]
fn what_is_wrong_is_told() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(100, 23), |_| {})?;
    let host = Host::start("threads")?;
    let config = cluster.folder().join("changing.conf");
    let text = |settings: &str| cluster.config_text(Agents::Plain, settings);

    fs::write(&config, "secret of another\n")?;
    let unlisted = host.count_error(&config, INDEX, "library")?;
    ensure!(unlisted.contains("is not listed in hamirror_udf.list"), "{unlisted}");
    host.allow(&config)?;
    let fault = host.count_error(&config, INDEX, "library")?;
    ensure!(fault.contains("changing.conf:1:1") && !fault.contains("secret"), "{fault}");
    for (config, index, part) in [
        (cluster.folder().join("nosuch"), INDEX, "is no file"),
        (cluster.folder().to_owned(), INDEX, "is no file"),
        (fifo(cluster.folder())?, INDEX, "is no file"),
        (cluster.config(), "nosuch", "nosuch"),
    ] {
        host.allow(&config)?;
        let error = host.count_error(&config, index, "library")?;
        ensure!(error.contains(part), "{error}");
    }
    let error = host.count_error(&cluster.config(), INDEX, "\"unclosed (")?;
    ensure!(error.contains("syntax error"), "{error}");

    // The file is read again when it changes.
    fs::write(&config, text(""))?;
    ensure!(host.count_error(&config, INDEX, "library")?.is_empty());
    fs::write(&config, text("    agent = 127.0.0.1:1:packages2\n"))?;
    let error = host.count_error(&config, INDEX, "library")?;
    ensure!(error.contains("127.0.0.1:1"), "{error}");

    for call in
        ["hamirror_count()", "hamirror_count('a', 'b', 3)", "hamirror_status('a', 'b', 'c', 'd')"]
    {
        let error =
            host.sphinxql(&format!("SELECT {call} AS x FROM rows")).expect_err(call).to_string();
        ensure!(error.contains("are expected"), "{error}");
    }
    host.check_alive()
}

#[test]
fn a_query_reads_what_the_operator_lists_and_nothing_else() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(100, 27), |_| {})?;
    let host = Host::start("threads")?;
    let config = cluster.config();
    host.allow(&config)?;
    let text = config.display().to_string();
    for times in 1..=100 {
        let alias = format!("{}{}", "/.".repeat(times), text);
        let error = host.count_error(Path::new(&alias), INDEX, "library")?;
        ensure!(error.contains("is not listed"), "{error}");
    }
    for other in ["/etc/passwd", "/nosuch", "", "#", "# of a test"] {
        let error = host.count_error(Path::new(other), INDEX, "library")?;
        ensure!(
            error == format!("'{other}' is not listed in hamirror_udf.list beside the plugin")
        );
    }
    ensure!(host.count_error(&config, INDEX, "library")?.is_empty());
    fs::remove_file(host.folder.path().join("hamirror_udf.list"))?;
    ensure!(host.count_error(&config, INDEX, "library")?.contains("is not listed"));
    host.allow(&config)?;
    ensure!(host.count_error(&config, INDEX, "library")?.is_empty());
    host.check_alive()
}

#[test]
fn the_status_tells_of_a_mirror_that_died_though_nobody_asked_it() -> Result<()> {
    let mut cluster = Cluster::start(corpus::synthetic(100, 28), |_| {})?;
    let host = Host::start("threads")?;
    let config = cluster.config();
    host.allow(&config)?;
    let sum = |ending: &str| -> Result<u64> {
        let select = format!("SELECT hamirror_status('{}') AS s FROM rows", config.display());
        let text = host.sphinxql(&select)?.remove(0).remove(0);
        let rows = text.lines().filter_map(|line| line.split_once('\t'));
        let counts = rows.filter(|(key, _)| key.ends_with(ending));
        counts.map(|(_, count)| Ok(count.parse::<u64>()?)).sum()
    };
    // Two mirrors of each of two shards.
    ensure!(sum("_1periods_succeeded_queries")? == 4);
    ensure!(sum("_1periods_connect_failures")? == 0);
    cluster.daemon(0, 0).kill()?;
    let begun = Instant::now();
    while sum("_1periods_connect_failures")? == 0 {
        // The mirrors are asked again once their last answer is older than the interval.
        ensure!(begun.elapsed() < Duration::from_secs(20), "it is not told");
        thread::sleep(Duration::from_millis(50));
    }
    host.check_alive()
}

#[test]
fn it_works_on_the_smallest_stack_of_a_thread() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(100, 29), |_| {})?;
    let host = Host::start_with("threads", "    thread_stack = 64K\n")?;
    let config = cluster.folder().join("names.conf");
    // Names, too, for they are looked up on the thread of the statement.
    fs::write(&config, cluster.config_text(Agents::Plain, "").replace("127.0.0.1", "localhost"))?;
    host.allow(&config)?;
    let expected = host.count(&config, INDEX, "library")?;
    ensure!(expected.iter().all(|row| row[1].is_empty()), "{expected:?}");
    host.sphinxql(&format!("SELECT hamirror_status('{}') AS s FROM rows", config.display()))?;
    host.check_alive()
}

#[test]
fn statements_at_once_and_drops_leave_nothing_behind() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(300, 24), |_| {})?;
    let host = Host::start("threads")?;
    let config = cluster.config();
    host.allow(&config)?;
    let expected = host.count(&config, INDEX, "library")?;
    thread::scope(|scope| {
        let ask = || (0..25).map(|_| host.count(&config, INDEX, "library")).collect();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        for thread in threads {
            let answers: Result<Vec<_>> = thread.join().expect("a thread that asks");
            ensure!(answers?.iter().all(|answer| *answer == expected));
        }
        Ok(())
    })?;
    let sockets = host.sockets()?;
    for _ in 0..10 {
        host.drop_functions()?;
        ensure!(host.count(&config, INDEX, "library").is_err());
        host.create_functions()?;
        ensure!(host.count(&config, INDEX, "library")? == expected);
    }
    host.drop_functions()?;
    ensure!(host.sockets()? <= sockets + SOCKETS_ENDING, "{sockets} sockets before");
    ensure!(host.threads_named("hamirror")? == 0);
    host.check_alive()
}

#[test]
fn it_shows_its_functions_alone_and_stays_loaded() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let plugin = folder.path().join(install::UDF);
    install::udf(&library::build(Profile::Dev)?.join("libhamirror.a"), &plugin)?;
    let mut nm = Command::new("nm");
    let listed = process::run(nm.args(["-D", "--defined-only"]).arg(&plugin))?;
    let mut shown: Vec<&str> =
        listed.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let with_ends = |name: &str| ["", "_init", "_deinit"].map(|end| format!("{name}{end}"));
    let mut expected: Vec<String> = FUNCTIONS.into_iter().flat_map(with_ends).collect();
    expected.push("hamirror_udf_ver".to_owned());
    expected.sort();
    shown.sort_unstable();
    ensure!(shown == expected, "{shown:?}");
    let dynamic = process::run(Command::new("readelf").arg("-d").arg(&plugin))?;
    ensure!(dynamic.contains("NODELETE") && !dynamic.contains("libhamirror"), "{dynamic}");
    Ok(())
}

#[test]
fn it_is_clean_to_a_memory_checker() -> Result<()> {
    packages::ensure(&[Tool::Valgrind])?;
    let cluster = Cluster::start(corpus::synthetic(200, 26), |_| {})?;
    let client = Client::new(&Config::read(cluster.config())?)?;
    let found = client.search(INDEX, &Search::new("library"))?.total_found;
    let folder = tempfile::tempdir()?;
    let (plugin, host) = (folder.path().join(install::UDF), folder.path().join("host"));
    allow(folder.path(), &cluster.config())?;
    install::udf(&library::build(Profile::Dev)?.join("libhamirror.a"), &plugin)?;
    let source = workspace::tests().join("c/udf_host.c");
    Compiler::new(Standard::C("c99"), Linkage::None).program(&[&source], &host)?;
    let mut memory = Command::new("valgrind");
    memory.args(["--quiet", "--leak-check=full", "--error-exitcode=99"]);
    // The clients live as long as the daemon does.
    memory.args(["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]).arg(&host);
    for mut command in [memory, Checker::Threads.watch(&host)?] {
        command.arg(&plugin).arg(cluster.config()).args([INDEX, "library", &found.to_string()]);
        process::run(&mut command)?;
    }

    let (plugin, host) = (folder.path().join("sanitized.so"), folder.path().join("sanitized"));
    let sources = workspace::root().join("bindings/udf");
    let sources = ["hamirror_udf.c", "mirrors.c"].map(|name| sources.join(name));
    let sanitized = |linkage| {
        let flags = ["-fsanitize=undefined", "-fno-sanitize-recover=all", "-fPIC"];
        let compiler = Compiler::new(Standard::C("c99"), linkage);
        flags.into_iter().fold(compiler, |compiler, flag| compiler.flag(flag))
    };
    sanitized(Linkage::Static(library::build(Profile::Dev)?))
        .flag("-shared")
        .program(&[&sources[0], &sources[1]], &plugin)?;
    sanitized(Linkage::None).program(&[&source], &host)?;
    let mut command = Command::new(host);
    command.arg(plugin).arg(cluster.config()).args([INDEX, "library", &found.to_string()]);
    process::run(&mut command).map(drop)
}

/// There a plugin can't be loaded by a statement, but by the state of the last run.
#[test]
fn it_works_in_a_daemon_that_forks() -> Result<()> {
    let cluster = Cluster::start(corpus::synthetic(100, 25), |_| {})?;
    let threads = Host::start("threads")?;
    threads.allow(&cluster.config())?;
    let expected = threads.count(&cluster.config(), INDEX, "library")?;
    let host = Host::start("prefork")?;
    host.allow(&cluster.config())?;
    let refused = host.sphinxql(CREATE[0]).expect_err("it forks").to_string();
    ensure!(refused.contains("require workers=threads"), "{refused}");
    for _ in 0..5 {
        ensure!(host.count(&cluster.config(), INDEX, "library")? == expected);
    }
    host.check_alive()
}

/// A searchd with the plugin and some rows, to have functions called.
struct Host {
    daemon: Daemon,
    folder: TempDir,
}

impl Host {
    const ROWS: usize = 5;

    fn start(workers: &str) -> Result<Host> {
        Host::start_with(workers, "")
    }

    fn start_with(workers: &str, setting: &str) -> Result<Host> {
        let folder = tempfile::tempdir()?;
        let at = folder.path();
        let archive = library::build(Profile::Dev)?.join("libhamirror.a");
        install::udf(&archive, &at.join(install::UDF))?;
        let place = at.display();
        fs::write(
            at.join("rows.tsv"),
            (1..=Self::ROWS).map(|id| format!("{id}\tx\t1\n")).collect::<String>(),
        )?;
        let source = format!(
            "source rows\n{{\n type = tsvpipe\n tsvpipe_command = cat {place}/rows.tsv\n \
             tsvpipe_field = t\n tsvpipe_attr_uint = a\n}}\n"
        );
        let index = format!("index rows\n{{\n source = rows\n path = {place}/rows\n}}\n");
        let common = format!("common\n{{\n plugin_dir = {place}\n}}\n");
        fs::write(at.join("indexer.conf"), format!("{source}{index}"))?;
        let mut indexer = Command::new("indexer");
        process::run(
            indexer.arg("--config").arg(at.join("indexer.conf")).args(["--all", "--quiet"]),
        )?;

        fs::write(
            at.join("state.sql"),
            if workers == "threads" { String::new() } else { CREATE.join(";\n") + ";\n" },
        )?;
        let settings =
            format!("    workers = {workers}\n    sphinxql_state = {place}/state.sql\n{setting}");
        let daemon =
            Daemon::start(&at.join("host"), &format!("{common}{source}{index}"), &settings)?;
        let host = Host { daemon, folder };
        if workers == "threads" {
            host.create_functions()?;
        }
        Ok(host)
    }

    /// Queries may name that configuration from now on.
    fn allow(&self, config: &Path) -> Result<()> {
        allow(self.folder.path(), config)
    }

    fn create_functions(&self) -> Result<()> {
        CREATE.iter().try_for_each(|statement| self.sphinxql(statement).map(drop))
    }

    fn drop_functions(&self) -> Result<()> {
        FUNCTIONS
            .iter()
            .try_for_each(|name| self.sphinxql(&format!("DROP FUNCTION {name}")).map(drop))
    }

    /// A row of the count and its error for each row of the index.
    fn count(&self, config: &Path, index: &str, query: &str) -> Result<Vec<Vec<String>>> {
        let arguments = format!("'{}', '{index}', '{query}'", config.display());
        self.sphinxql(&format!(
            "SELECT hamirror_count({arguments}) AS n, hamirror_count_error({arguments}) AS e \
             FROM rows"
        ))
    }

    fn count_error(&self, config: &Path, index: &str, query: &str) -> Result<String> {
        let mut rows = self.count(config, index, query)?;
        rows.pop().and_then(|mut row| row.pop()).context("a row")
    }

    /// Runs a statement; the answers of its columns, `id` left out.
    fn sphinxql(&self, statement: &str) -> Result<Vec<Vec<String>>> {
        Oracle::connect(self.daemon.address())?.sphinxql(statement)
    }

    /// It answers, and never complained.
    fn check_alive(&self) -> Result<()> {
        ensure!(self.sphinxql("SELECT id FROM rows")?.len() == Self::ROWS);
        let log = self.daemon.log();
        ensure!(!log.contains("crash") && !log.contains("FATAL"), "{log}");
        Ok(())
    }

    /// Its sockets, those that it listens on included.
    fn sockets(&self) -> Result<usize> {
        let folder = self.process()?.join("fd");
        let targets =
            fs::read_dir(folder)?.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        Ok(targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count())
    }

    fn threads_named(&self, name: &str) -> Result<usize> {
        let names = fs::read_dir(self.process()?.join("task"))?
            .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
        Ok(names.filter(|found| found.trim_end() == name).count())
    }

    fn process(&self) -> Result<PathBuf> {
        Ok(format!("/proc/{}", self.daemon.pid().context("the daemon runs")?).into())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Killed, it would leave the processes that it forked.
        let _ = self.daemon.stop();
    }
}

/// Adds a line to the list of the plugin in that folder.
fn allow(folder: &Path, config: &Path) -> Result<()> {
    let list = folder.join("hamirror_udf.list");
    let before = fs::read_to_string(&list).unwrap_or_else(|_| "# of a test\n\n".to_owned());
    Ok(fs::write(list, format!("{before}{}\n", config.display()))?)
}

fn fifo(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("fifo");
    process::run(Command::new("mkfifo").arg(&path))?;
    Ok(path)
}

const FUNCTIONS: [&str; 3] = ["hamirror_count", "hamirror_count_error", "hamirror_status"];

const CREATE: [&str; 3] = [
    "CREATE FUNCTION hamirror_count RETURNS BIGINT SONAME 'hamirror_udf.so'",
    "CREATE FUNCTION hamirror_count_error RETURNS STRING SONAME 'hamirror_udf.so'",
    "CREATE FUNCTION hamirror_status RETURNS STRING SONAME 'hamirror_udf.so'",
];

/// Of clients that have gone, which the daemon is still to notice; ten rounds would leak more.
const SOCKETS_ENDING: usize = 8;
