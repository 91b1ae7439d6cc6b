//! SphinxQL over the API: a statement there, packets of MySQL back (protocol.md 3.8).

use anyhow::{Context, Result, bail, ensure};

/// The whole request, header included.
pub(super) fn encode(statement: &str) -> Vec<u8> {
    let length = statement.len() as u32;
    let mut request = b"\0\x08\x01\0".to_vec();
    request.extend((length + 4).to_be_bytes());
    request.extend(length.to_be_bytes());
    request.extend(statement.as_bytes());
    request
}

/// Rows of the one result set in a reply's body.
pub(super) fn rows(body: &[u8]) -> Result<Vec<Vec<String>>> {
    let mut packets = packets(body)?.into_iter();
    let head = packets.next().context("an empty reply")?;
    let columns = match head {
        [ERR, ..] => bail!("{}", String::from_utf8_lossy(&head[3..])),
        [columns] if *columns > 0 => usize::from(*columns),
        _ => bail!("no result set but {head:?}"),
    };
    let rows = packets.skip(columns + 1).take_while(|packet| !is_end(packet));
    rows.map(|packet| texts(packet, columns)).collect()
}

/// Payloads, each behind three bytes of length and a number.
fn packets(mut body: &[u8]) -> Result<Vec<&[u8]>> {
    let mut packets = Vec::new();
    while let Some((&[a, b, c, _], rest)) = body.split_first_chunk() {
        let length = u32::from_le_bytes([a, b, c, 0]) as usize;
        let (packet, rest) = rest.split_at_checked(length).context("a packet ends early")?;
        packets.push(packet);
        body = rest;
    }
    ensure!(body.is_empty(), "{} bytes behind the last packet", body.len());
    Ok(packets)
}

fn is_end(packet: &[u8]) -> bool {
    packet.len() < 9 && packet.first() == Some(&END)
}

/// Texts, each behind a byte of length: status rows hold no longer ones.
fn texts(mut packet: &[u8], columns: usize) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for _ in 0..columns {
        let (&length, rest) = packet.split_first().context("a row ends early")?;
        ensure!(length < LENGTH_SHORT_END, "a text with a long length");
        let split = rest.split_at_checked(length.into());
        let (text, rest) = split.context("a text ends early")?;
        texts.push(String::from_utf8(text.to_vec())?);
        packet = rest;
    }
    Ok(texts)
}

const ERR: u8 = 0xff;
const END: u8 = 0xfe;
const LENGTH_SHORT_END: u8 = 0xfb;
