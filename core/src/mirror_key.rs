//! The key by which calls stay with one mirror of each agent.

use std::hash::Hasher;
use std::num::NonZeroU64;

use siphasher::sip::SipHasher13;

/// Key of calls that stay with one mirror of each agent, such as a session's or a user's name.
///
/// Every process ranks mirrors alike by it, on any machine (rendezvous hashing, by SipHash 1-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MirrorKey(NonZeroU64);

impl MirrorKey {
    /// Makes a key of bytes.
    pub fn new(key: impl AsRef<[u8]>) -> MirrorKey {
        let mut hasher = SipHasher13::new_with_keys(0, 0);
        hasher.write(key.as_ref());
        MirrorKey(NonZeroU64::new(hasher.finish()).unwrap_or(NonZeroU64::MIN))
    }

    /// Returns the key of that number; `None` for 0, which is no key's.
    pub fn from_number(number: u64) -> Option<MirrorKey> {
        NonZeroU64::new(number).map(MirrorKey)
    }

    /// Returns the number of the key, by which [`MirrorKey::from_number`] makes it again.
    pub fn number(self) -> u64 {
        self.0.get()
    }

    /// Returns the score of a mirror, which depends on no other one: the highest is the key's.
    pub(crate) fn score(self, host: &str, index_list: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(0, self.number());
        hasher.write(host.as_bytes());
        hasher.write(&[0]);
        hasher.write(index_list.as_bytes());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Processes of other builds rank mirrors by these numbers, too.
    #[test]
    fn scores_are_the_same_everywhere() {
        // Vector of the reference: SipHash 1-3 of nothing, with the keys 0.
        assert_eq!(MirrorKey::new("").number(), 0xd1fb_a762_150c_532c);
        let key = MirrorKey::new("session 17");
        assert_eq!(key, MirrorKey::new(b"session 17"));
        assert_ne!(key.score("box1:9312", "i"), key.score("box1:931", "2i"));
        assert_eq!(MirrorKey::from_number(key.number()), Some(key));
        assert_eq!(MirrorKey::from_number(0), None);
        assert_ne!(key.score("box1:9312", "i"), MirrorKey::new("x").score("box1:9312", "i"));
    }
}
