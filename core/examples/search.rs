//! Prints the best matches of a distributed index.

use hamirror::{CallOptions, Client, Config, Search};

fn main() -> Result<(), hamirror::Error> {
    let client = Client::new(&Config::read("sphinx.conf")?)?;
    let result = client.search("packages", &Search::new("library"), &CallOptions::default())?;
    for row in result.rows() {
        println!("{} {}", row.id(), row.weight());
    }
    Ok(())
}
