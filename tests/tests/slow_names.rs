//! A name server that takes its time: pings and other names do not wait for it. In place of the
//! system's resolver stands one of this program, which all look-ups of this process go through.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hamirror::{Client, Config};
use hamirror_tests::echo::{EchoDaemon, Manners};

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
    if !node.is_null() && unsafe { CStr::from_ptr(node) } == c"slow.test" {
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
