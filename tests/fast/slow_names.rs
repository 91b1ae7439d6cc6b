//! A name server that takes its time: nothing waits for it that has an address. In place of the
//! system's resolver stands one of this program, which all look-ups of this process go through.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamirror::{Access, CallOptions, Client, ClientOptions, Config};
use hamirror_tests::echo::{self, EchoDaemon, Manners};

#[test]
fn a_slow_look_up_delays_no_ping_and_the_end_of_no_client() -> Result<()> {
    let echo = || EchoDaemon::on("127.0.0.1", Manners::default());
    let [one, other] = [echo()?, echo()?];
    let agents = format!("agent = slow.test:9312|{}|{}:i", one.name, other.name);
    let text = format!(
        "searchd {{\n ha_ping_interval = 20\n}}\nindex d {{\n type = distributed\n{agents}\n}}\n"
    );
    let client = Client::new(&Config::parse(&text, "slow.conf")?)?;
    let _batch = client.batch()?;
    let start = Instant::now();
    while one.pings() < 5 || other.pings() < 5 {
        thread::sleep(Duration::from_millis(5));
        ensure!(start.elapsed() < SLOW / 2, "{} {} pings", one.pings(), other.pings());
    }
    ensure!(LOOKS_UP.load(std::sync::atomic::Ordering::SeqCst), "nobody looked the name up");
    drop((_batch, client));
    ensure!(start.elapsed() < SLOW / 2, "the end of the client waited for the look-up");
    Ok(())
}

/// Names of servers that are silent, more than a thread or two could be lost to.
fn hung_names() -> String {
    (0..12).map(|number| format!("slow{number}.test:9312|")).collect()
}

#[test]
fn names_that_hang_delay_no_call_and_no_other_name() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    for background in [true, false] {
        let options = ClientOptions::default().background(background);
        let agents = format!("agent = {}localhost:{}:i", hung_names(), echo.port());
        let client = echo::client(&agents, "", options)?;
        let start = Instant::now();
        for _ in 0..32 {
            ensure!(echo::ask(&client, b"x")? == b"x");
        }
        ensure!(start.elapsed() < SLOW / 2, "the look-ups were waited for");
        for host in client.status().hosts {
            ensure!(host.is_living && host.since_start.errors() == 0, "{host:?}");
        }
    }
    Ok(())
}

#[test]
fn the_deadline_holds_whatever_the_resolver_does() -> Result<()> {
    for background in [true, false] {
        let options = ClientOptions::default().background(background);
        let client = echo::client("agent = slow.test:9312:i", "", options)?;
        let start = Instant::now();
        let deadline = Some(Duration::from_millis(300));
        let short = CallOptions::default().deadline(deadline);
        let request = echo::request(Access::Read, b"x");
        let error = client.call_with("d", 0, &request, &short).expect_err("nobody looks it up");
        let failure = &error.failures()[0];
        ensure!(start.elapsed() < SLOW / 2, "the call waited for the resolver");
        ensure!(failure.deadline_passed && failure.to_string().contains("(resolve"), "{failure}");
        let host = &client.status().hosts[0];
        ensure!(host.since_start.errors() == 0, "the host is blamed: {host:?}");
    }
    Ok(())
}

#[test]
fn a_name_is_looked_up_once_for_all_its_ports() -> Result<()> {
    let client = echo::client(
        "agent = counted.test:1|counted.test:2|counted.test:3:i",
        "",
        ClientOptions::default().background(false),
    )?;
    let failed = echo::ask(&client, b"x").expect_err("nobody listens there").to_string();
    ensure!(failed.contains("connect() failed"), "{failed}");
    // One before, one after the ports refused; what was asked for meanwhile may add one each.
    let count = COUNTED.load(std::sync::atomic::Ordering::SeqCst);
    ensure!((2..=8).contains(&count), "{count} look-ups");
    Ok(())
}

static COUNTED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

static LOOKS_UP: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

const SLOW: Duration = Duration::from_secs(20);

type LookUp = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const libc::addrinfo,
    *mut *mut libc::addrinfo,
) -> c_int;

/// The system's own, but for one name.
///
/// # Safety
///
/// As getaddrinfo(3) says.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
) -> c_int {
    // SAFETY: a text or nothing, as the caller promises.
    let name = (!node.is_null()).then(|| unsafe { CStr::from_ptr(node) }.to_bytes());
    let mut node = node;
    if name == Some(b"counted.test") {
        COUNTED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        node = c"127.0.0.1".as_ptr();
    }
    if name.is_some_and(|name| name.starts_with(b"slow") && name.ends_with(b".test")) {
        LOOKS_UP.store(true, std::sync::atomic::Ordering::SeqCst);
        thread::sleep(SLOW);
        return libc::EAI_AGAIN;
    }
    // SAFETY: the name ends with a nul.
    let next = unsafe { libc::dlsym(libc::RTLD_NEXT, c"getaddrinfo".as_ptr()) };
    assert!(!next.is_null(), "the system has a resolver");
    // SAFETY: it is the function of that name, so this is its type.
    let next = unsafe { std::mem::transmute::<*mut c_void, LookUp>(next) };
    // SAFETY: the arguments are the caller's.
    unsafe { next(node, service, hints, found) }
}
