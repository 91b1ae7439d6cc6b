//! Where a host listens: its name looked up, looked up again, or its addresses pushed.

use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use hamirror::{Client, ClientOptions, Config, Error};
use hamirror_tests::daemon::free_port;
use hamirror_tests::echo::{EchoDaemon, Manners, ask, client};

#[test]
fn pushed_addresses_are_used_at_once_and_kept_connections_follow() -> Result<()> {
    let [one, other] = echoes()?;
    let agent = "agent_persistent = box.invalid:9312:i";
    let client = client(agent, "", ClientOptions::default())?;
    client.set_addresses("box.invalid:9312", &[address(&one)])?;
    ensure!(ask(&client, b"a")? == b"a" && ask(&client, b"b")? == b"b");
    client.set_addresses("box.invalid:9312", &[address(&other)])?;
    ensure!(ask(&client, b"c")? == b"c");
    ensure!((one.requests(), other.requests()) == (2, 1), "the old address was asked");
    let status = client.status();
    ensure!(status.hosts[0].kept_connections == 1, "{:?}", status.hosts[0]);
    client.set_addresses("box.invalid:9312", &[])?;
    let gone = ask(&client, b"d").expect_err("nobody has this name").to_string();
    ensure!(gone.contains("no address for box.invalid"), "{gone}");
    Ok(())
}

#[test]
fn pushed_addresses_are_tried_in_their_order_and_survive_a_reload() -> Result<()> {
    let [one, other] = echoes()?;
    let dead: SocketAddr = format!("127.0.0.1:{}", free_port()?).parse()?;
    let config = |settings: &str| {
        let agent = "agent = 192.0.2.1:9312:i";
        let text = format!("index d {{\n type = distributed\n {settings}\n {agent}\n}}\n");
        Config::parse(&text, "names.conf")
    };
    let client = Client::new(&config("")?)?;
    client.set_addresses("192.0.2.1:9312", &[dead, address(&one), address(&other)])?;
    ensure!(ask(&client, b"x")? == b"x" && one.requests() == 1);
    client.reload(&config("agent_query_timeout = 2000")?);
    ensure!(ask(&client, b"x")? == b"x" && one.requests() + other.requests() == 2);
    Ok(())
}

#[test]
fn addresses_of_what_has_none_are_refused() -> Result<()> {
    let client = client("agent = /run/no.sock:i", "", ClientOptions::default())?;
    let to = |host: &str| client.set_addresses(host, &[SocketAddr::from(([127, 0, 0, 1], 1))]);
    ensure!(matches!(to("/run/no.sock"), Err(Error::Misuse(_))));
    let Err(Error::Unknown(unknown)) = to("nobody:1") else { bail!("a name that nobody has") };
    ensure!(unknown.name == "nobody:1" && unknown.known == ["/run/no.sock"], "{unknown:?}");
    Ok(())
}

#[test]
fn names_are_looked_up_for_every_connection_where_the_configuration_says_so() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    for background in [true, false] {
        let text = format!(
            "searchd {{\n hostname_lookup = request\n}}\n\
             index d {{\n type = distributed\n agent = localhost:{}:i\n}}\n",
            echo.port()
        );
        let options = ClientOptions::default().background(background);
        let client = Client::with_options(&Config::parse(&text, "names.conf")?, options)?;
        for _ in 0..3 {
            ensure!(ask(&client, b"x")? == b"x");
        }
    }
    Ok(())
}

#[test]
fn flushed_names_are_looked_up_again() -> Result<()> {
    let echo = EchoDaemon::on("127.0.0.1", Manners::default())?;
    for background in [true, false] {
        let options = ClientOptions::default().background(background);
        let client = client(&format!("agent = localhost:{}:i", echo.port()), "", options)?;
        ensure!(ask(&client, b"x")? == b"x");
        client.flush_hostnames();
        ensure!(ask(&client, b"x")? == b"x");
        ensure!(!client.status().hosts[0].addresses.is_empty());
    }
    Ok(())
}

fn echoes() -> Result<[EchoDaemon; 2]> {
    let echo = || EchoDaemon::on("127.0.0.1", Manners::default());
    Ok([echo()?, echo()?])
}

fn address(echo: &EchoDaemon) -> SocketAddr {
    echo.name.parse().expect("a numeric address")
}
