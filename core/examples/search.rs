//! Prints the best matches of a distributed index.

use hamirror::{Client, Config, Search};

fn main() -> Result<(), hamirror::Error> {
    let client = Client::new(&Config::read("sphinx.conf")?)?;
    let result = client.search("packages", &Search::new("library"))?;
    for row in result.rows() {
        println!("{} {}", row.id(), row.weight());
    }
    Ok(())
}
