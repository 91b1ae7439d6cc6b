//! Batches that are left to a thread of the library while the program works.

use std::fs;
use std::net::TcpListener;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use hamirror::internal::BatchHandle;
use hamirror::request::Command;
use hamirror::{
    Access, Batch, CallId, CallOptions, Client, ClientOptions, Completed, Error, Reply, Request,
    RunningBatch, SearchId, Target, Verdict,
};
use hamirror_tests::echo::{EchoDaemon, Manners, ask, client, request};
use hamirror_tests::fake::{FakeDaemon, Fault};
use hamirror_tests::relay::{Behaviour, Relay};
use hamirror_tests::workspace;

#[test]
fn what_a_hung_mirror_leaves_is_answered_by_another_while_the_program_works() -> Result<()> {
    let pair = Pair::start(ClientOptions::default())?;
    let begun_at = Instant::now();
    let mut batch = pair.client.batch()?;
    let calls = pair.add_many(&mut batch, CALLS)?;
    let running = batch.run()?;
    // Work that the batch does not come into.
    wait_until_answered(&pair.client, &pair.echo.name, CALLS as u64).map_err(|e| anyhow!(e))?;
    thread::sleep(WORK);
    let worked = begun_at.elapsed();
    let mut batch = running.join(Some(Duration::ZERO))?;
    ensure!(batch.pending() == 0, "{} calls waited for the join", batch.pending());
    for call in calls {
        let host = batch.asked(call).and_then(|asked| asked.host).map(str::to_owned);
        ensure!(host.as_deref() == Some(pair.echo.name.as_str()), "answered by {host:?}");
        ensure!(batch.take_reply(call).is_ok_and(|reply| reply.body == BODY));
    }
    let status = pair.client.status();
    let host = status.hosts.iter().find(|host| host.name == pair.echo.name).context("a host")?;
    let latency = host.latencies_since_start.quantile(1.0).context("a latency")?;
    ensure!(latency < worked, "{latency:?} of {worked:?} are held against the mirror");
    Ok(())
}

#[test]
fn without_a_background_thread_it_has_one_of_its_own() -> Result<()> {
    let pair = Pair::start(ClientOptions::default().background(false))?;
    let mut batch = pair.client.batch()?;
    pair.add_many(&mut batch, CALLS)?;
    let running = batch.run()?;
    pair.work_until_answered(CALLS)?;
    ensure!(running.join(Some(LIMIT))?.pending() == 0);
    Ok(())
}

#[test]
fn many_run_at_once_and_hold_up_nobody() -> Result<()> {
    let pair = Pair::start(ClientOptions::default())?;
    let silent = Silent::start()?;
    // One that waits for ever runs beside them.
    let mut hung = silent.client.batch()?;
    hung.add_agent_with("d", 0, &request(Access::Read, BODY), &patient())?;
    let hung = hung.run()?;
    let batch = || {
        let mut batch = pair.client.batch()?;
        pair.add_many(&mut batch, 1)?;
        Ok(batch.run()?)
    };
    let running: Vec<RunningBatch> = (0..BATCHES).map(|_| batch()).collect::<Result<_>>()?;
    pair.work_until_answered(BATCHES)?;
    for running in running {
        ensure!(running.join(Some(LIMIT))?.pending() == 0);
    }
    ensure!(hung.join(Some(Duration::ZERO))?.pending() == 1);
    Ok(())
}

#[test]
fn a_deadline_is_kept_though_the_program_does_nothing() -> Result<()> {
    let silent = Silent::start()?;
    let mut batch = silent.client.batch()?;
    let options = CallOptions::default().deadline(Some(WORK / 10));
    let call = batch.add_agent_with("d", 0, &request(Access::Read, BODY), &options)?;
    let running = batch.run()?;
    // The record tells of the end, without a look at the batch.
    let begun_at = Instant::now();
    while silent.client.status().agents[0].unanswered == 0 {
        ensure!(begun_at.elapsed() < LIMIT, "the deadline passes without an end");
        thread::sleep(Duration::from_millis(1));
    }
    let mut batch = running.join(Some(LIMIT))?;
    ensure!(batch.pending() == 0 && batch.next_completion() == Some(Completed::Call(call)));
    let error = batch.take_reply(call).err().context("nobody answered")?;
    ensure!(error.failures()[0].deadline_passed, "{error:?}");
    Ok(())
}

#[test]
fn dropped_it_cancels_what_runs_and_leaves_nothing() -> Result<()> {
    let silent = Silent::start()?;
    for _ in 0..10 {
        let request = request(Access::Read, BODY);
        let mut batch = silent.client.batch()?;
        batch.add_agent_with("d", 0, &request, &patient())?;
        let running = batch.run()?;
        drop(running);
        ensure!(Arc::strong_count(&request) == 1, "something holds the request");
        ensure!(silent.client.status().hosts[0].in_flight == 0);
    }
    Ok(())
}

#[test]
fn a_join_with_a_limit_gives_back_what_still_runs() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    let relay = Relay::start(echo.name.parse()?)?;
    relay.set(Behaviour::Silence)?;
    let client =
        client(&format!("agent = {}:i", relay.address()), LONG, ClientOptions::default())?;
    let mut batch = client.batch()?;
    let mut add = || batch.add_agent_with("d", 0, &request(Access::Read, BODY), &patient());
    let [first, second] = [add()?, add()?];
    let mut batch = batch.run()?.join(Some(Duration::from_millis(5)))?;
    ensure!(batch.pending() == 2 && batch.timeout().is_some());
    // Driven by this thread, then by another one again.
    batch.cancel(first)?;
    ensure!(batch.wait_any(Some(LIMIT))? == Some(Completed::Call(first)));
    relay.set(Behaviour::Pass)?;
    let third = batch.add_agent_with("d", 0, &request(Access::Read, BODY), &patient())?;
    let mut batch = batch.run()?.join(Some(LIMIT))?;
    ensure!(batch.pending() == 0 && batch.reply(second).is_some());
    ensure!(batch.take_reply(third).is_ok() && batch.take_reply(first).is_err());
    // One in which nothing runs is joined at once.
    ensure!(batch.run()?.join(None)?.pending() == 0);
    Ok(())
}

#[test]
fn a_waker_ends_a_join() -> Result<()> {
    let silent = Silent::start()?;
    let mut batch = silent.client.batch()?;
    batch.add_agent_with("d", 0, &request(Access::Read, BODY), &patient())?;
    let waker = batch.waker();
    let running = batch.run()?;
    let waking = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        waker.wake()
    });
    let batch = running.join(None)?;
    ensure!(batch.pending() == 1);
    waking.join().map_err(|_| anyhow!("it panicked"))??;
    Ok(())
}

#[test]
fn the_descriptor_tells_that_all_calls_have_ended() -> Result<()> {
    let pair = Pair::start(ClientOptions::default())?;
    let mut batch = pair.client.batch()?;
    pair.add(&mut batch)?;
    let fd = batch.fd();
    let running = batch.run()?;
    comes_true(|| Ok(running.wait_all(Some(LIMIT))?))?;
    let mut entry = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which lives until it returns.
    ensure!(unsafe { libc::poll(&mut entry, 1, 0) } == 1, "it is not readable");
    let mut batch = running.join(None)?;
    ensure!(batch.fd() == fd && batch.timeout() == Some(Duration::ZERO));
    batch.drive()?;
    ensure!(batch.next_completion().is_some() && batch.timeout().is_none());
    Ok(())
}

#[test]
fn a_request_of_the_program_is_judged_on_that_thread_and_its_panic_comes_out_at_the_join()
-> Result<()> {
    let pair = Pair::start(ClientOptions::default())?;
    for panics in [false, true] {
        let judge = Arc::new(Judge { panics, ..Judge::default() });
        let mut batch = pair.client.batch()?;
        batch.add_agent_with("d", 0, &(judge.clone() as Arc<dyn Request>), &patient())?;
        let running = batch.run()?;
        comes_true(|| Ok(running.wait_all(Some(LIMIT))?))?;
        let joined = panic::catch_unwind(AssertUnwindSafe(|| running.join(Some(LIMIT))));
        let names = judge.threads.lock().map_err(|_| anyhow!("poisoned"))?.clone();
        ensure!(names.iter().all(|name| name == "hamirror-batch"), "{names:?}");
        match joined {
            Ok(batch) => ensure!(!panics && batch?.pending() == 0),
            Err(_) => ensure!(panics),
        }
    }
    let status = pair.client.status();
    let host = status.hosts.iter().find(|host| host.name == pair.echo.name).context("a host")?;
    ensure!(host.in_flight == 0, "an attempt is left");
    ensure!(ask(&pair.client, b"y")? == b"y");
    Ok(())
}

#[test]
fn a_request_may_drop_its_own_batch_but_not_join_it() -> Result<()> {
    let pair = Pair::start(ClientOptions::default())?;
    for joins in [false, true] {
        let own = Arc::new(EndsItsOwn { joins, ..EndsItsOwn::default() });
        let mut batch = pair.client.batch()?;
        batch.add_agent_with("d", 0, &(own.clone() as Arc<dyn Request>), &patient())?;
        own.give(batch.run()?);
        own.wait_for_the_end()?;
    }
    ensure!(ask(&pair.client, b"y")? == b"y");
    Ok(())
}

#[test]
fn a_handle_refuses_meanwhile_what_needs_the_batch() -> Result<()> {
    let silent = Silent::start()?;
    let mut batch = BatchHandle::from(silent.client.batch()?);
    ensure!(matches!(batch.join(None), Err(Error::Misuse(_))), "it does not run");
    batch.get()?.add_agent_with("d", 0, &request(Access::Read, BODY), &patient())?;
    batch.run()?;
    let refused = batch.get().err().context("it runs")?;
    ensure!(refused.to_string().contains("join it first"), "{refused}");
    ensure!(matches!(batch.run(), Err(Error::Misuse(_))), "it runs already");
    comes_true(|| Ok(!batch.wait_due(Some(Duration::ZERO))?))?;
    ensure!(!batch.has_search(SearchId(0)));
    ensure!(!batch.join(Some(Duration::ZERO))? && batch.get()?.pending() == 1);
    batch.run()?;
    drop(batch);
    ensure!(silent.client.status().hosts[0].in_flight == 0);
    Ok(())
}

#[test]
fn local_indexes_are_searched_meanwhile() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let agents = format!("local = here\nagent = {}:i", listener.local_addr()?);
    let client = client(&agents, LONG, ClientOptions::default())?;
    let mut batch = client.batch()?;
    let search = batch.add_search_with("d", &hamirror::Search::new("library"), &patient())?;
    let mut running = batch.run()?;
    ensure!(running.locals(search).collect::<Vec<_>>() == ["here"]);
    ensure!(!running.local_request(search, "here")?.is_empty());
    running.add_local(search, "here", Err("it is away".to_owned()))?;
    ensure!(running.locals(search).count() == 0);
    let mut batch = running.join(Some(Duration::ZERO))?;
    for call in batch.search_calls(search).context("a search")? {
        batch.cancel(call)?;
    }
    ensure!(matches!(batch.take_search(search), Err(Error::Unanswered { .. })));
    Ok(())
}

#[test]
fn a_local_search_of_a_client_finds_the_agents_answer_when_it_ends() -> Result<()> {
    let capture = "core/tests/captures/search_allattrs_master14_11F.rep.bin";
    let reply = Some(fs::read(workspace::root().join(capture))?);
    let well = FakeDaemon::start(Fault::Greet { version: 1, reply })?;
    let hung = TcpListener::bind("127.0.0.1:0")?;
    let mirrors = format!("{}|{}", hung.local_addr()?, well.address());
    for background in [true, false] {
        let options = ClientOptions::default().background(background);
        let agents = format!("local = here\nagent = {mirrors}:i");
        let client = client(&agents, &format!("{LONG}\nha_strategy = roundrobin"), options)?;
        // The first pick of one of them is the mirror that hangs.
        for round in 1..=2 {
            let search = hamirror::Search::new("library");
            let result = client.search_locals_with("d", &search, &patient(), |_, _| {
                wait_until_answered(&client, &well.address().to_string(), round)?;
                // The client is there for the program meanwhile.
                client.batch().and_then(|mut batch| batch.drive()).map_err(|e| e.to_string())?;
                Err("it is away".to_owned())
            })?;
            ensure!(result.agents_answered == 1, "{} answered", result.agents_answered);
            let told = format!("{:?}", result.failures);
            ensure!(told.contains("it is away"), "{told}");
        }
        let in_flight = || client.status().hosts.iter().map(|host| host.in_flight).sum::<u32>();
        let before = in_flight();
        let panics = || {
            client.search_locals_with(
                "d",
                &hamirror::Search::new("library"),
                &patient(),
                |_, _| panic!("as it should here"),
            )
        };
        ensure!(panic::catch_unwind(AssertUnwindSafe(panics)).is_err(), "it goes on");
        ensure!(in_flight() <= before, "an attempt is left");
    }
    Ok(())
}

/// Two mirrors, of which the first hangs: it takes requests and answers none.
struct Pair {
    echo: EchoDaemon,
    _relay: Relay,
    client: Client,
}

impl Pair {
    fn start(options: ClientOptions) -> Result<Pair> {
        let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
        let relay = Relay::start(echo.name.parse()?)?;
        relay.set(Behaviour::Silence)?;
        let settings = format!("{LONG}\nha_strategy = roundrobin");
        let agent = format!("agent = {}|{}:i", relay.address(), echo.name);
        let client = client(&agent, &settings, options)?;
        Ok(Pair { echo, _relay: relay, client })
    }

    fn add(&self, batch: &mut Batch) -> Result<CallId> {
        Ok(batch.add_agent_with("d", 0, &request(Access::Read, BODY), &patient())?)
    }

    fn add_many(&self, batch: &mut Batch, count: usize) -> Result<Vec<CallId>> {
        (0..count).map(|_| self.add(batch)).collect()
    }

    /// Does something else until the good mirror has answered so many requests.
    fn work_until_answered(&self, count: usize) -> Result<()> {
        let begun_at = Instant::now();
        while self.echo.requests() < count {
            ensure!(begun_at.elapsed() < LIMIT, "{} of {count}", self.echo.requests());
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// One mirror that takes connections and never answers.
struct Silent {
    _listener: TcpListener,
    client: Client,
}

impl Silent {
    fn start() -> Result<Silent> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let agent = format!("agent = {}:i", listener.local_addr()?);
        let client = client(&agent, LONG, ClientOptions::default())?;
        Ok(Silent { _listener: listener, client })
    }
}

/// Notes the threads that it is called on; it panics on that of the library if it is to.
#[derive(Default)]
struct Judge {
    panics: bool,
    threads: Mutex<Vec<String>>,
}

impl Request for Judge {
    fn command(&self) -> Command {
        COMMAND
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, _: &Target<'_>, _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn judge(&self, _: &mut Reply) -> Verdict {
        let name = thread::current().name().unwrap_or_default().to_owned();
        if let Ok(mut threads) = self.threads.lock() {
            threads.push(name);
        }
        assert!(!self.panics, "as it should here");
        Verdict::Accept
    }
}

/// Ends the batch that it is part of, while it is judged.
#[derive(Default)]
struct EndsItsOwn {
    joins: bool,
    batch: Mutex<Option<RunningBatch>>,
    refused: Mutex<Option<bool>>,
    change: Condvar,
}

impl EndsItsOwn {
    fn give(&self, batch: RunningBatch) {
        *self.batch.lock().expect("nobody panics") = Some(batch);
        self.change.notify_all();
    }

    fn wait_for_the_end(&self) -> Result<()> {
        let refused = self.refused.lock().expect("nobody panics");
        let waited = self.change.wait_timeout_while(refused, LIMIT, |refused| refused.is_none());
        let (refused, _) = waited.expect("nobody panics");
        ensure!(*refused == Some(self.joins), "{refused:?}");
        Ok(())
    }
}

impl Request for EndsItsOwn {
    fn command(&self) -> Command {
        COMMAND
    }

    fn access(&self) -> Access {
        Access::Read
    }

    fn encode(&self, _: &Target<'_>, _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn judge(&self, _: &mut Reply) -> Verdict {
        let batch = self.batch.lock().expect("nobody panics");
        let batch = self.change.wait_while(batch, |batch| batch.is_none());
        let batch = batch.expect("nobody panics").take().expect("it is there");
        let refused = if self.joins {
            matches!(batch.join(None), Err(Error::Misuse(_)))
        } else {
            drop(batch);
            false
        };
        *self.refused.lock().expect("nobody panics") = Some(refused);
        self.change.notify_all();
        Verdict::Accept
    }
}

/// Asks again and again: a batch whose thread has had no turn yet is due to be joined, and that
/// thread takes it as soon as it has one.
fn comes_true(is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let begun_at = Instant::now();
    while !is_so()? {
        ensure!(begun_at.elapsed() < LIMIT, "it is not so after {LIMIT:?}");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Does something else until so many answers of that host have been read.
fn wait_until_answered(client: &Client, host: &str, count: u64) -> Result<(), String> {
    let begun_at = Instant::now();
    loop {
        let status = client.status();
        let found = status.hosts.iter().find(|found| found.name == host).ok_or("no host")?;
        if found.latencies_since_start.count() >= count {
            return Ok(());
        }
        if begun_at.elapsed() > LIMIT {
            return Err(format!("nobody reads the answer {count} of {host}"));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn patient() -> CallOptions {
    CallOptions::default().deadline(Some(LIMIT * 10))
}

const BODY: &[u8] = b"body";
const COMMAND: Command = Command { id: 99, version: 0x100 };
const CALLS: usize = 20;
const BATCHES: usize = 30;

/// Nothing here ends by a time of the configuration.
const LONG: &str = "agent_connect_timeout = 600s\nagent_query_timeout = 600s";

/// Work of the program itself.
const WORK: Duration = Duration::from_millis(500);

/// No test waits for longer.
const LIMIT: Duration = Duration::from_secs(30);
