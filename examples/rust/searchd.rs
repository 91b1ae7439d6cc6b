//! A searchd that is nothing but a master: `searchd CONFIG [ADDRESS MYSQL_ADDRESS]`. It takes
//! clients of the binary API and MySQL clients, and searches the distributed indexes of its
//! configuration for them.
//!
//! Without addresses it takes free ports of this machine. It prints both addresses, the binary
//! API's first, and ends with its input.

#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program has sockets and threads of its own; the library's rules forbid them"
)]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use std::{env, thread};

use hamirror::master::{Master, Protocol};
use hamirror::{Client, Config};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (config, addresses) = match arguments.as_slice() {
        [config] => (config, [ANY_PORT, ANY_PORT]),
        [config, api, mysql41] => (config, [api.as_str(), mysql41]),
        _ => return Err("usage: searchd CONFIG [ADDRESS MYSQL_ADDRESS]".into()),
    };
    let master = Master::new(&Client::new(&Config::read(config)?)?);
    let clients = Arc::new(());
    for (address, protocol) in addresses.into_iter().zip([Protocol::Sphinx, Protocol::Mysql41]) {
        let listener =
            TcpListener::bind(address).map_err(|error| format!("{address}: {error}"))?;
        println!("{}", listener.local_addr()?);
        let (master, clients) = (master.clone(), clients.clone());
        thread::spawn(move || accept(&listener, protocol, &master, &clients));
    }
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Serves each client on a thread of its own; `clients` is shared once with each of them.
fn accept(listener: &TcpListener, protocol: Protocol, master: &Master, clients: &Arc<()>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Too many descriptors: some client has to end first.
            thread::sleep(ACCEPT_PAUSE);
            continue;
        };
        if Arc::strong_count(clients) > CLIENTS_MAX {
            continue;
        }
        let (master, client) = (master.clone(), clients.clone());
        let served = thread::Builder::new().spawn(move || {
            // A client that is gone needs no word.
            let _ = serve(stream, protocol, &master);
            drop(client);
        });
        if let Err(error) = served {
            eprintln!("no thread for a client: {error}");
        }
    }
}

/// Carries bytes from a client to its connection, and replies back.
fn serve(mut stream: TcpStream, protocol: Protocol, master: &Master) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(CLIENT_TIMEOUT))?;
    let mut connection = master.connect(protocol);
    let mut bytes = [0; 16 << 10];
    loop {
        while let Some(reply) = connection.next_reply() {
            stream.write_all(&reply)?;
        }
        if connection.is_over() {
            return Ok(());
        }
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            length => connection.receive(&bytes[..length]),
        }
    }
}

const ANY_PORT: &str = "127.0.0.1:0";

/// Clients at once, each with a thread.
const CLIENTS_MAX: usize = 1_000;

/// Time after which a silent client is left, as `client_timeout` of a daemon.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(300);

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
