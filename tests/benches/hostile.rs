//! What replies of agents that mean harm cost, beside a plain read of the same bytes.
//!
//! `cargo bench -p hamirror-tests --bench hostile`

#[path = "../../core/tests/hostile/cases.rs"]
mod cases;
#[path = "../../core/tests/hostile/measure.rs"]
#[expect(dead_code, reason = "tests look at outcomes, a bench at costs alone")]
mod measure;

use anyhow::Result;
use cases::CASES;
use clap::Parser;
use hamirror_tests::report;
use measure::cost;

#[derive(Parser)]
struct Options {
    /// How many times as large the replies are as in the tests.
    #[arg(long, default_value_t = 20)]
    factor: usize,
    /// Runs of each, of which the quickest counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let rows = CASES.iter().map(|case| {
        let exchange = (case.make)(options.factor * case.size);
        let read = cost(options.rounds, || exchange.receive());
        let search = cost(options.rounds, || exchange.search());
        let size = exchange.size() as f64;
        vec![
            case.name.to_owned(),
            format!("{:.1}", size / 1e6),
            report::ms(read.cpu),
            report::ms(search.cpu),
            format!("{:.1}", search.cpu.as_secs_f64() / read.cpu.as_secs_f64()),
            format!("{:.1}", search.peak as f64 / size),
        ]
    });
    let heading = ["reply", "MB", "read", "search", "search / read", "memory / bytes"];
    println!("{}", report::table(&heading, rows));
    Ok(())
}
