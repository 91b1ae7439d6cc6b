//! Which fields a SEARCH has: older daemons take fewer, and say so in their refusals
//! (core/docs/spec/protocol.md 1.7 and 4.1).

use super::query::MASTER;
use crate::wire::header::Command;

/// Version of SEARCH, and of the extension for masters, that decide which fields a request and
/// its reply have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Version of the command in the header.
    pub version: u16,
    /// Version of the extension for masters; 0 is a client.
    pub master: u32,
}

impl Layout {
    /// The version that 2.2.11 and Manticore share, asked by a master of that number.
    pub fn of_master(master: u32) -> Layout {
        Layout { version: Command::SEARCH.version, master }
    }

    /// The layout for a daemon by its own version of SEARCH, 0 where that is not known. It takes
    /// masters up to that number, where that is known.
    pub fn of_daemon(version: u16, master_max: Option<u32>) -> Layout {
        let version = match version {
            SPHINX_MIN..=SPHINX_MAX => version,
            _ => Command::SEARCH.version,
        };
        let usual = if version < SPHINX_2_2_10 { MASTER_OF_OLDER } else { MASTER };
        Layout { version, master: usual.min(master_max.unwrap_or(MASTER)) }
    }

    /// The next lower master that the specification tells apart; `None` below the lowest.
    pub fn lower_master(self) -> Option<u32> {
        let lower = [MASTER_OF_OLDER, MASTER_LOWEST];
        lower.into_iter().find(|lower| *lower < self.master)
    }

    /// True if requests and replies of that layout are known: of Sphinx 2.1 to 2.3, by a master.
    pub(crate) fn is_spoken(self) -> bool {
        (SPHINX_MIN..=SPHINX_MAX).contains(&self.version)
            && (MASTER_LOWEST..=MASTER).contains(&self.master)
    }

    /// True if a request is the same bytes as in the default one.
    pub(crate) fn is_usual(self) -> bool {
        self.master == MASTER && (WITH_OUTER..=SPHINX_MAX).contains(&self.version)
    }

    /// True if a query begins with its flags.
    pub(crate) fn has_flags(self) -> bool {
        self.version >= 0x11b
    }

    /// True if a query may stand within an outer select.
    pub(crate) fn has_outer(self) -> bool {
        self.version >= WITH_OUTER && self.master >= 2
    }

    /// True if a query says the rows of a group.
    pub(crate) fn has_rows_per_group(self) -> bool {
        self.master >= 6
    }

    /// True if a query may name plugins.
    pub(crate) fn has_plugins(self) -> bool {
        self.master >= 14
    }

    /// True if a filter says whether the ends of its range belong to it.
    pub(crate) fn has_ends(self) -> bool {
        self.master >= 5
    }

    /// True if a reply tells what it cost.
    pub(crate) fn has_costs(self) -> bool {
        self.master > 0 && self.version >= 0x11a
    }
}

/// The layout of masters of 2.2.11, which every daemon from that version on takes.
impl Default for Layout {
    fn default() -> Self {
        Layout::of_master(MASTER)
    }
}

/// What a daemon that refused a request says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The daemon's version of the command, lower than that of the request.
    Version(u16),
    /// The daemon knows masters of lower numbers only.
    Master,
}

impl Refused {
    /// Reads the text of an ERROR reply; `None` if that is about something else.
    pub(crate) fn read(text: &str) -> Option<Refused> {
        if text.starts_with(MASTER_REFUSED) {
            return Some(Refused::Master);
        }
        let told = text.strip_prefix(VERSION_REFUSED)?;
        let (_, daemon) = told.split_once(DAEMON_VERSION)?;
        let (major, minor) = daemon.strip_suffix(')')?.split_once('.')?;
        let [major, minor] = [major, minor].map(|number| number.parse::<u8>().ok());
        Some(Refused::Version(u16::from_be_bytes([major?, minor?])))
    }
}

const VERSION_REFUSED: &str = "client version is higher than daemon version (client is v.";
const DAEMON_VERSION: &str = ", daemon is v.";
const MASTER_REFUSED: &str = "master-agent version mismatch";

/// Version of the oldest Sphinx that is spoken to.
const SPHINX_MIN: u16 = 0x119;
/// Version of 2.2.10: older ones know fewer masters.
const SPHINX_2_2_10: u16 = 0x11e;
/// Version of 2.3.
const SPHINX_MAX: u16 = 0x120;
/// Since this version a query may stand within an outer select.
const WITH_OUTER: u16 = 0x11d;

/// The master before 7, in whose replies 2.2.11 miscounts (core/docs/spec/protocol.md 4.4).
const MASTER_OF_OLDER: u32 = 6;
/// The master that every daemon takes.
const MASTER_LOWEST: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_the_version_in_the_daemons_words() {
        let told = |daemon: &str| {
            let words = "client version is higher than daemon version";
            Refused::read(&format!("{words} (client is v.1.31, daemon is v.{daemon})"))
        };
        assert_eq!(told("1.30"), Some(Refused::Version(0x11e)));
        assert_eq!(told("1.25"), Some(Refused::Version(0x119)));
        for wrong in ["", "1", "1.", ".30", "1.256", "1.30) and more", "-1.30"] {
            assert_eq!(told(wrong), None, "{wrong}");
        }
        let master = "master-agent version mismatch; update me first, then update master!";
        assert_eq!(Refused::read(master), Some(Refused::Master));
        assert_eq!(Refused::read("unknown local index 'x' in search request"), None);
    }

    #[test]
    fn each_daemon_is_spoken_to_in_its_own_version() {
        let of = |version, master_max| {
            let Layout { version, master } = Layout::of_daemon(version, master_max);
            (version, master)
        };
        let cases = [
            (0, (0x11f, 14)),
            (0x118, (0x11f, 14)),
            (0x119, (0x119, 6)),
            (0x11d, (0x11d, 6)),
            (0x11e, (0x11e, 14)),
            (0x11f, (0x11f, 14)),
            (0x120, (0x120, 14)),
            (0x128, (0x11f, 14)),
        ];
        for (daemon, expected) in cases {
            assert_eq!(of(daemon, None), expected, "{daemon:#x}");
        }
        assert_eq!(of(0x11e, Some(6)), (0x11e, 6));
        assert_eq!(of(0x119, Some(1)), (0x119, 1));
        let lower = |master| Layout::of_master(master).lower_master();
        assert_eq!([14, 6, 1, 0].map(lower), [Some(6), Some(1), None, None]);
    }
}
