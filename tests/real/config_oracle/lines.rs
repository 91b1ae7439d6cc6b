//! Agent lines from a seed.

use fastrand::Rng;

/// Lines as people write them, as they mistype them, and as nobody writes them.
pub(crate) fn lines(random: &mut Rng) -> Vec<String> {
    let mut lines: Vec<String> = KNOWN_LINES.iter().map(ToString::to_string).collect();
    lines.extend([106, 107].map(|length| format!("/{}:x", "p".repeat(length))));
    while lines.len() < LINES {
        let mut line = line(random);
        for _ in 0..random.usize(0..6).saturating_sub(3) {
            mutate(random, &mut line);
        }
        if needs_no_lookup(&line) && names_every_list(&line) {
            lines.push(line);
        }
    }
    lines
}

fn line(random: &mut Rng) -> String {
    const HOSTS: &[&str] =
        &["127.0.0.1:1", "127.1:9312", "127.0.0.1:65535", "/run/s", "/run/b.c_d"];
    const ODD_HOSTS: &[&str] =
        &["127.0.0.1", "127.1:0", "127.1:65536", "127.1:4294967297", "127.1:99999999999"];
    const LISTS: &[&str] = &[":x", ":x,y_1", ": x, y", ":x y", ":x-y", ":x ", ":"];
    const ODD_LISTS: &[&str] = &["", ":x.y", ":*", "x"];
    let mut line = String::new();
    if random.u8(0..6) == 0 {
        line.push_str(&options(random));
    }
    for number in 0..random.usize(1..4) {
        line.push_str(if number > 0 { "|" } else { "" });
        line.push_str(one_of(random, HOSTS, ODD_HOSTS));
        line.push_str(one_of(random, LISTS, ODD_LISTS));
    }
    if random.bool() {
        line.push_str(&options(random));
    }
    line
}

/// Mostly a usual one.
fn one_of(random: &mut Rng, usual: &[&'static str], odd: &[&'static str]) -> &'static str {
    let from = if random.u8(0..8) == 0 { odd } else { usual };
    from[random.usize(0..from.len())]
}

fn options(random: &mut Rng) -> String {
    let all = [
        "conn=pconn",
        "conn=persistent",
        " conn = pconn ",
        "connx=pconnx",
        "conn=x",
        "CONN=pconn",
        "blackhole=1",
        "blackhole=0",
        "blackhole=2",
        "blackhole=no",
        "Blackhole=1",
        "ha_strategy=nodeads",
        "ha_strategy=random1",
        "ha_strategy=none",
        "retry_count=1",
        "x=1",
        "x",
        "",
        "=",
        "=x1",
        "conn=:pconn",
        ".conn=pconn",
        "-conn=pconn",
    ];
    let count = random.usize(1..4);
    let some: Vec<_> = (0..count).map(|_| all[random.usize(0..all.len())]).collect();
    format!("[{}]", some.join(","))
}

fn mutate(random: &mut Rng, line: &mut String) {
    const LETTERS: &[u8] = b"||[[]]::,, ==0x-_./;\t?*1";
    let at = random.usize(0..=line.len());
    let letter = char::from(LETTERS[random.usize(0..LETTERS.len())]);
    match random.u8(0..4) {
        0 => line.truncate(at),
        1 if at < line.len() => drop(line.remove(at)),
        2 => *line = format!("{}{}", &line[..at], &line[at / 2..]),
        _ => line.insert(at, letter),
    }
}

/// Each host that stands before a port is an address: the daemon would look up another.
fn needs_no_lookup(line: &str) -> bool {
    let is_host_letter = |letter: char| letter.is_ascii_alphanumeric() || "_.-/".contains(letter);
    line.match_indices(':').all(|(at, _)| {
        let is_port = line[at + 1..].starts_with(|letter: char| letter.is_ascii_digit());
        let host = line[..at].trim_end_matches(is_host_letter);
        let host = &line[host.len()..at];
        !is_port || ["", "127.0.0.1", "127.1"].contains(&host) || host.starts_with('/')
    })
}

/// The daemon hands down a list of separators, the reader does not.
fn names_every_list(line: &str) -> bool {
    line.split(['|', '[', ']', ':']).all(|part| {
        let part = part.trim();
        part.is_empty() || !part.chars().all(|letter| ",- \t".contains(letter))
    })
}

/// Rows of core/docs/spec/distributed.md 6.1, and what else is worth to be asked each time.
const KNOWN_LINES: &[&str] = &[
    "127.0.0.1:1:pl",
    "127.0.0.1:pl",
    "127.0.0.1",
    "",
    "/path",
    "/path:",
    "127.0.0.1:1",
    "127.0.0.1:1|127.0.0.1:2",
    "127.0.0.1:1|127.0.0.1:2:t",
    ":1:pl",
    "127.0.0.1::pl",
    "127.0.0.1:+5:pl",
    "127.0.0.1:-5:pl",
    "127.0.0.1: 5:pl",
    "127.0.0.1:1pl",
    "127.0.0.1:1:pl;rt",
    "127.0.0.1:1:pl:rt",
    "127.0.0.1:1:pl.x",
    "127.0.0.1 :1:pl",
    "127.0.0.1:1||127.0.0.1:2:pl",
    "127.0.0.1:1|:pl",
    "127.0.0.1:1|127.0.0.1:2:pl|",
    "127.0.0.1:1:a| 127.0.0.1:2:pl",
    "127.0.0.1:18446744073709551617:t",
    "[::1]:1:t",
    "[conn=pconn]127.0.0.1:1:t",
    "[conn=pconn] 127.0.0.1:1:t",
    "127.0.0.1:1:t[conn=pconn",
    "127.0.0.1:1:t[blackhole=1,conn=pconn",
    "127.0.0.1:1:t[blackhole=1]127.0.0.1:2:u",
    "127.0.0.1:1:t[blackhole=1]x",
    "127.0.0.1:1:t[blackhole=1]127.0.0.1:2|127.0.0.1:3:u",
    "127.0.0.1:1:t]127.0.0.1:2:u",
    "127.0.0.1:1[conn=pconn|127.0.0.1:2:t",
];

/// Lines of a seed.
pub(crate) const LINES: usize = 300;
