//! A client of a daemon's `mysql41` listener: statements in one session.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::LIMIT;
use super::sphinxql::{Table, table};

/// A session of MySQL's protocol 4.1.
pub struct Mysql {
    stream: Box<dyn Stream>,
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

impl fmt::Debug for Mysql {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Mysql").finish_non_exhaustive()
    }
}

impl Mysql {
    /// Connects to a unix socket, and logs in as nobody.
    pub fn connect(socket: &Path) -> Result<Mysql> {
        let stream = UnixStream::connect(socket).with_context(|| socket.display().to_string())?;
        stream.set_read_timeout(Some(LIMIT))?;
        Mysql::log_in(Box::new(stream))
    }

    /// Connects over TCP, and logs in as nobody.
    pub fn connect_to(address: SocketAddr) -> Result<Mysql> {
        let stream =
            TcpStream::connect_timeout(&address, LIMIT).with_context(|| format!("{address}"))?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        Mysql::log_in(Box::new(stream))
    }

    fn log_in(stream: Box<dyn Stream>) -> Result<Mysql> {
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
        let mut tables = self.tables(statement)?;
        ensure!(tables.len() == 1, "{} tables", tables.len());
        tables.remove(0).map_err(anyhow::Error::msg)
    }

    /// Runs one statement: its tables, of which the last may be the text of an error.
    pub fn tables(&mut self, statement: &str) -> Result<Vec<Result<Table, String>>> {
        self.write(0, &[&[QUERY], statement.as_bytes()].concat())?;
        let mut tables = Vec::new();
        loop {
            let mut packets = vec![self.read()?];
            let mut flags = 0;
            // One packet alone, or columns and rows that end each with a packet of its own.
            if !matches!(packets[0].first(), Some(0 | 0xff)) {
                let mut ends = 0;
                while ends < 2 {
                    let packet = self.read()?;
                    if packet.len() == 5 && packet[0] == 0xfe {
                        ends += 1;
                        flags = packet[3];
                    }
                    packets.push(packet);
                }
            }
            let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
            tables.push(table(packets).map_err(|error| error.to_string()));
            if flags & MORE_RESULTS == 0 {
                return Ok(tables);
            }
        }
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

/// SERVER_MORE_RESULTS_EXISTS, in the packet that ends a table.
const MORE_RESULTS: u8 = 8;

/// COM_QUERY.
const QUERY: u8 = 3;
