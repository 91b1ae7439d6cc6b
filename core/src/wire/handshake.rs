//! The first four bytes in each direction (core/docs/spec/protocol.md 1.2).

/// What a client writes, in one segment with its first request: a multi-protocol listener of
/// Manticore stays silent until it has these four bytes.
pub(crate) const CLIENT: [u8; 4] = [0, 0, 0, 1];

/// What a daemon writes before anything else.
pub(crate) const DAEMON: [u8; 4] = [0, 0, 0, 1];

/// Bytes of the daemon's version.
pub(crate) const LENGTH: usize = 4;

/// Checks the daemon's version; the error says what else seems to be listening there.
pub(crate) fn check(bytes: [u8; LENGTH]) -> Result<(), String> {
    let version = u32::from_be_bytes(bytes);
    // Very old daemons sent their version in host order.
    if version == 1 || version == 0x0100_0000 {
        return Ok(());
    }
    let hint = match bytes {
        [b'H', b'T', b'T', b'P'] => "; an HTTP server listens there, use the port of the API",
        [MYSQL_GREETING_MIN..=u8::MAX, 0, 0, 0] => "; a MySQL listener, use the port of the API",
        _ => "",
    };
    Err(format!("handshake failure (unexpected protocol version={version}{hint})"))
}

/// A MySQL server's greeting begins with its length, less than 256, and the packet's number 0.
const MYSQL_GREETING_MIN: u8 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(check([0, 0, 0, 1]), Ok(()));
        assert_eq!(check([1, 0, 0, 0]), Ok(()));
        let error = check([0, 0, 0, 77]).unwrap_err();
        assert_eq!(error, "handshake failure (unexpected protocol version=77)");
        assert!(check(*b"HTTP").unwrap_err().contains("HTTP server"));
        assert!(check([0x4a, 0, 0, 0]).unwrap_err().contains("MySQL"));
        for other in [[0; 4], [2, 0, 0, 0], [0, 1, 0, 0], [0xff; 4], *b"SSH-"] {
            let version = u32::from_be_bytes(other);
            let plain = format!("handshake failure (unexpected protocol version={version})");
            assert_eq!(check(other), Err(plain));
        }
    }
}
