//! What replies of agents that mean harm cost, beside a plain read of the same bytes off a socket.
//!
//! `cargo bench -p hamirror-tests --bench hostile`

#[path = "../../core/tests/hostile/cases.rs"]
mod cases;
#[path = "../../core/tests/hostile/measure.rs"]
#[expect(dead_code, reason = "tests look at outcomes, a bench at costs alone")]
mod measure;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};
use cases::CASES;
use clap::Parser;
use hamirror::internal::wire::frame::FrameReader;
use hamirror::request::Reply;
use hamirror_tests::report;
use measure::{CHUNK, Cost, Exchange, cost};

#[derive(Parser)]
struct Options {
    /// How many times as large the replies are as in the tests: of few columns all are taken, of
    /// many none.
    #[arg(long, value_delimiter = ',', default_value = "2,20")]
    factors: Vec<usize>,
    /// Runs of each, of which the quickest counts.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// A part of the names of the replies to measure; all unless given.
    #[arg(long, default_value = "")]
    only: String,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut rows = Vec::new();
    for case in CASES.iter().filter(|case| case.name.contains(&options.only)) {
        for factor in &options.factors {
            let exchange = (case.make)(factor * case.size);
            let mut costs = Vec::new();
            for _ in 0..options.rounds {
                let read = over_loopback(&exchange, |stream| receive(&exchange, stream))?;
                let search = over_loopback(&exchange, |stream| {
                    Ok(exchange.outcome(receive(&exchange, stream)?))
                })?;
                costs.push((read, search));
            }
            let least = |cost: fn(&(Cost, Cost)) -> Cost| {
                costs.iter().map(cost).min_by_key(|cost| cost.cpu).context("no round")
            };
            let (read, search) = (least(|costs| costs.0)?, least(|costs| costs.1)?);
            rows.push(vec![
                case.name.to_owned(),
                format!("{:.2}", exchange.size() as f64 / 1e6),
                report::ms(read.cpu),
                report::ms(search.cpu),
                format!("{:.1}", search.cpu.as_secs_f64() / read.cpu.as_secs_f64()),
                format!("{:.1}", search.peak as f64 / read.peak as f64),
            ]);
        }
    }
    let heading = ["reply", "MB", "read", "search", "search / read", "memory / read"];
    println!("{}", report::table(&heading, rows));
    Ok(())
}

/// The cost of what one end of a connection does while the other one sends the replies.
fn over_loopback<T>(exchange: &Exchange, work: impl Fn(&TcpStream) -> Result<T>) -> Result<Cost> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::scope(|scope| {
        scope.spawn(move || -> Result<()> {
            let mut stream = TcpStream::connect(address)?;
            for body in &exchange.bodies {
                stream.write_all(&exchange.head(body))?;
                stream.write_all(body)?;
            }
            Ok(())
        });
        let (stream, _) = listener.accept()?;
        Ok(cost(1, || work(&stream).expect("whole replies")))
    })
}

fn receive(exchange: &Exchange, mut stream: &TcpStream) -> Result<Vec<Reply>> {
    let mut chunk = vec![0; CHUNK];
    let mut replies = Vec::new();
    for body in &exchange.bodies {
        let mut reader = FrameReader::new(1 << 30, Vec::new());
        let mut left = exchange.head(body).len() + body.len();
        while left > 0 {
            let size = stream.read(&mut chunk[..left.min(CHUNK)])?;
            anyhow::ensure!(size > 0, "the connection ended");
            reader.feed(&chunk[..size]).map_err(|error| anyhow::anyhow!("{error:?}"))?;
            left -= size;
        }
        replies.push(exchange.reply(reader.take_body(Vec::new())));
    }
    Ok(replies)
}
