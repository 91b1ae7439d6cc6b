//! A client of a daemon's `mysql41` listener: statements in one session.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::LIMIT;
use super::sphinxql::{Table, table};

/// A session of MySQL's protocol 4.1.
#[derive(Debug)]
pub struct Mysql {
    stream: UnixStream,
}

impl Mysql {
    /// Connects to a unix socket, and logs in as nobody.
    pub fn connect(socket: &Path) -> Result<Mysql> {
        let stream = UnixStream::connect(socket).with_context(|| socket.display().to_string())?;
        stream.set_read_timeout(Some(LIMIT))?;
        let mut mysql = Mysql { stream };
        let greeting = mysql.read()?;
        ensure!(greeting.first() == Some(&10), "protocol {:?}", greeting.first());
        // Flag of protocol 4.1, largest packet, character set, blanks, no name, no password.
        let login = [&[0, 2, 0, 0], &[0, 0, 0, 1][..], &[33], &[0; 23], &[0], &[0]].concat();
        mysql.write(1, &login)?;
        let answer = mysql.read()?;
        ensure!(answer.first() == Some(&0), "log-in: {answer:?}");
        Ok(mysql)
    }

    /// Runs one statement. An error of the statement is an error here.
    pub fn table(&mut self, statement: &str) -> Result<Table> {
        self.write(0, &[&[QUERY], statement.as_bytes()].concat())?;
        let mut packets = vec![self.read()?];
        // One packet alone, or columns and rows that end each with a packet of its own.
        if !matches!(packets[0].first(), Some(0 | 0xff)) {
            let mut ends = 0;
            while ends < 2 {
                let packet = self.read()?;
                ends += usize::from(packet.len() == 5 && packet[0] == 0xfe);
                packets.push(packet);
            }
        }
        table(packets.iter().map(Vec::as_slice).collect())
    }

    fn write(&mut self, number: u8, packet: &[u8]) -> Result<()> {
        let [a, b, c, _] = u32::try_from(packet.len())?.to_le_bytes();
        Ok(self.stream.write_all(&[&[a, b, c, number], packet].concat())?)
    }

    fn read(&mut self) -> Result<Vec<u8>> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header)?;
        let [a, b, c, _] = header;
        let mut packet = vec![0; u32::from_le_bytes([a, b, c, 0]) as usize];
        self.stream.read_exact(&mut packet)?;
        Ok(packet)
    }
}

/// COM_QUERY.
const QUERY: u8 = 3;
