//! SphinxQL over the API: the reply is packets of MySQL's text protocol.

use anyhow::{Context, Result, bail, ensure};

use super::Oracle;

/// Table that answers a statement, of no column where it has no result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Name and type of each column, the type as MySQL numbers it.
    pub columns: Vec<(String, u8)>,
    /// Texts by row; none for null.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Oracle {
    /// Runs one statement; the texts of its rows, none for a statement without a result. An error
    /// of the statement is an error here.
    pub fn sphinxql(&mut self, statement: &str) -> Result<Vec<Vec<String>>> {
        let text = |value: Option<String>| value.unwrap_or_else(|| "NULL".to_owned());
        let rows = self.table(statement)?.rows.into_iter();
        Ok(rows.map(|row| row.into_iter().map(text).collect()).collect())
    }

    /// Runs one statement. An error of the statement is an error here. Nothing is remembered from
    /// one to the next, as it is in a session of [`super::Mysql`].
    fn table(&mut self, statement: &str) -> Result<Table> {
        let mut body = (statement.len() as u32).to_be_bytes().to_vec();
        body.extend(statement.as_bytes());
        let mut request = b"\0\x08\x01\0".to_vec();
        request.extend((body.len() as u32).to_be_bytes());
        request.extend(body);
        let frame = self.exchange(&request)?;
        ensure!(frame.status == 0, "status {}", frame.status);
        table(packets(&frame.body)?)
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
pub(super) fn table(packets: Vec<&[u8]>) -> Result<Table> {
    match packets.first().context("a packet")? {
        [0x00, ..] => return Ok(Table::default()),
        [0xff, _, _, error @ ..] => bail!("{}", String::from_utf8_lossy(error)),
        _ => {}
    }
    let mut parts = packets.split(|packet| matches!(packet, [0xfe, _, _, _, _]));
    let columns = parts.next().context("columns")?.iter().skip(1);
    let columns = columns.map(|packet| column(packet)).collect::<Result<_>>()?;
    let rows = parts.next().context("rows")?.iter();
    Ok(Table { columns, rows: rows.map(|packet| row(packet)).collect::<Result<_>>()? })
}

/// Four texts, the name, the name again, then 7 bytes and the type.
fn column(mut packet: &[u8]) -> Result<(String, u8)> {
    let mut texts = Vec::new();
    for _ in 0..6 {
        texts.push(value(&mut packet)?.context("a name")?);
    }
    let kind = *packet.get(7).context("a type")?;
    Ok((texts.swap_remove(4), kind))
}

fn row(mut packet: &[u8]) -> Result<Vec<Option<String>>> {
    let mut values = Vec::new();
    while !packet.is_empty() {
        values.push(value(&mut packet)?);
    }
    Ok(values)
}

/// A text behind its length; none for null.
fn value(packet: &mut &[u8]) -> Result<Option<String>> {
    let (&first, rest) = packet.split_first().context("a length")?;
    *packet = rest;
    let width = match first {
        0xfb => return Ok(None),
        0xfc => 2,
        0xfd => 3,
        0xfe => 8,
        _ => 0,
    };
    let (width, rest) = rest.split_at_checked(width).context("a length")?;
    let wide = width.iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let length = if width.is_empty() { usize::from(first) } else { wide };
    let (text, rest) = rest.split_at_checked(length).context("a value")?;
    *packet = rest;
    Ok(Some(String::from_utf8_lossy(text).into_owned()))
}
