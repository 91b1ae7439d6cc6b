//! SphinxQL over the API: the reply is packets of MySQL's text protocol.

use anyhow::{Context, Result, bail, ensure};

use super::Oracle;

impl Oracle {
    /// Runs one statement; the texts of its rows, none for a statement without a result. An error
    /// of the statement is an error here.
    pub fn sphinxql(&mut self, statement: &str) -> Result<Vec<Vec<String>>> {
        let mut body = (statement.len() as u32).to_be_bytes().to_vec();
        body.extend(statement.as_bytes());
        let mut request = b"\0\x08\x01\0".to_vec();
        request.extend((body.len() as u32).to_be_bytes());
        request.extend(body);
        let frame = self.exchange(&request)?;
        ensure!(frame.status == 0, "status {}", frame.status);
        rows(packets(&frame.body)?)
    }
}

fn packets(mut body: &[u8]) -> Result<Vec<&[u8]>> {
    let mut packets = Vec::new();
    while let [a, b, c, _, rest @ ..] = body {
        let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
        let (packet, rest) = rest.split_at_checked(length).context("a whole packet")?;
        packets.push(packet);
        body = rest;
    }
    ensure!(body.is_empty(), "bytes after the last packet");
    Ok(packets)
}

/// Packets of a result: number of columns, a packet a column, EOF, rows, EOF.
fn rows(packets: Vec<&[u8]>) -> Result<Vec<Vec<String>>> {
    match packets.first().context("a packet")? {
        [0x00, ..] => return Ok(Vec::new()),
        [0xff, _, _, error @ ..] => bail!("{}", String::from_utf8_lossy(error)),
        _ => {}
    }
    let mut parts = packets.split(|packet| matches!(packet, [0xfe, _, _, _, _]));
    parts.next().context("columns")?;
    parts.next().context("rows")?.iter().map(|packet| row(packet)).collect()
}

fn row(mut packet: &[u8]) -> Result<Vec<String>> {
    let mut values = Vec::new();
    while let Some((&first, rest)) = packet.split_first() {
        let width = match first {
            0xfb => {
                values.push("NULL".to_owned());
                packet = rest;
                continue;
            }
            0xfc => 2,
            0xfd => 3,
            0xfe => 8,
            _ => 0,
        };
        let (width, rest) = rest.split_at_checked(width).context("a length")?;
        let wide = width.iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let length = if width.is_empty() { usize::from(first) } else { wide };
        let (value, rest) = rest.split_at_checked(length).context("a value")?;
        values.push(String::from_utf8_lossy(value).into_owned());
        packet = rest;
    }
    Ok(values)
}
