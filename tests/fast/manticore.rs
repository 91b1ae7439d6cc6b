//! What Manticore alone has or says, by agents that answer as real ones did.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result, ensure};
use hamirror::command::SuggestOptions;
use hamirror::search::Search;
use hamirror::sphinxql::Parameters;
use hamirror::{Answer, CallOptions, Client, ClientOptions, Config};
use hamirror_tests::workspace;

#[test]
fn suggestions_of_all_agents_are_summed() -> Result<()> {
    let reply = || capture("m_suggest.rep.bin", 0);
    let client = client(&[reply()?, reply()?])?;
    let answer = answer(&client, "CALL SUGGEST('helo', 'd', 1 AS limit)")?;
    ensure!(rows(&answer, 3) == [["hello", "1", "8"]], "{:?}", rows(&answer, 3));
    ensure!((answer.agents_answered(), answer.agents()) == (2, 2));
    let options = CallOptions::default();
    let told = client.suggest("d", "helo", &SuggestOptions::new(), &options)?;
    let words: Vec<_> = told.words.iter().map(|told| told.word.as_str()).collect();
    ensure!(words == ["hello", "there"], "{words:?}");
    Ok(())
}

#[test]
fn stored_queries_of_all_agents_are_joined() -> Result<()> {
    let agents =
        ["A", "B"].map(|agent| capture(&format!("m_master_callpq.{agent}.s2c.bin"), HANDSHAKE));
    let [one, other] = agents;
    let client = client(&[one?, other?])?;
    let statement = "CALL PQ('d', ('hello world', 'world'), 0 AS docs_json, 1 AS query)";
    let rows = rows(&answer(&client, statement)?, 5);
    let expected = [
        ["1", "1", "hello", "tag1", "gid>5"],
        ["2", "1", "world", "", ""],
        ["2", "2", "world", "", ""],
    ];
    ensure!(rows == expected, "{rows:?}");
    Ok(())
}

#[test]
fn an_agent_of_sphinx_is_told_that_it_has_no_suggestions() -> Result<()> {
    let client = client(&[error("invalid command (code=15, len=37)")])?;
    let error = client.execute("CALL SUGGEST('helo', 'd')", &Parameters::none());
    let text = error.err().context("it is refused")?.to_string();
    ensure!(text.contains("words like another one are Manticore's"), "{text}");
    Ok(())
}

#[test]
fn an_agent_that_wants_a_log_in_is_named_with_what_to_do() -> Result<()> {
    let client = client(&[error("read overflows buffer by 12 byte")])?;
    let failed = client.search("d", &Search::new("x"));
    let text = failed.err().context("it is refused")?.to_string();
    ensure!(text.contains("'auth = 1'"), "{text}");
    Ok(())
}

fn answer(client: &Client, statement: &str) -> Result<Answer> {
    client.execute(statement, &Parameters::none())?.pop().context("an answer")
}

/// All values as texts.
fn rows(answer: &Answer, columns: usize) -> Vec<Vec<String>> {
    let text = |row, column| {
        String::from_utf8_lossy(&answer.text(row, column).unwrap_or_default()).into_owned()
    };
    let row = |row| (0..columns).map(|column| text(row, column)).collect();
    (0..answer.len()).map(row).collect()
}

/// A client of an index `d` with an agent for each of these replies.
fn client(replies: &[Vec<u8>]) -> Result<Client> {
    let mut text = "index d {\n type = distributed\n".to_owned();
    for reply in replies {
        text += &format!(" agent = {}:t\n", agent(reply.clone())?);
    }
    let options = ClientOptions::default().background(false);
    Ok(Client::with_options(&Config::parse(&(text + "}\n"), "c.conf")?, options)?)
}

/// Answers every request by that reply, header included, and closes the connection.
fn agent(reply: Vec<u8>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            // A client that went away is none of its business.
            let _ = reply_once(stream, &reply);
        }
    });
    Ok(address)
}

fn reply_once(mut stream: TcpStream, reply: &[u8]) -> Result<()> {
    let mut head = [0; HANDSHAKE + 8];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes(head[HANDSHAKE + 4..].try_into()?);
    stream.read_exact(&mut vec![0; length as usize])?;
    stream.write_all(&1_u32.to_be_bytes())?;
    Ok(stream.write_all(reply)?)
}

/// An ERROR reply.
fn error(text: &str) -> Vec<u8> {
    let size = text.len() as u32;
    let mut reply = vec![0, 1, 0, 0];
    reply.extend_from_slice(&(size + 4).to_be_bytes());
    reply.extend_from_slice(&size.to_be_bytes());
    reply.extend_from_slice(text.as_bytes());
    reply
}

/// The bytes of a recorded reply, without those before it.
fn capture(name: &str, skipped: usize) -> Result<Vec<u8>> {
    let path = workspace::root().join("core/tests/captures").join(name);
    Ok(fs::read(path)?.split_off(skipped))
}

/// Bytes that both sides begin with.
const HANDSHAKE: usize = 4;
