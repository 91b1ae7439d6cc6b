//! The floor: write to both agents, then read both replies, on kept blocking sockets. Mirrors are
//! taken at random, as everybody else takes them: each has its index in its own memory.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Result, ensure};
use hamirror_tests::cluster::{Cluster, SHARDS};
use hamirror_tests::daemon::Daemon;

use crate::contestant::{Contestant, Slice, run_threads};
use crate::inside;

pub(crate) struct Floor {
    shards: Vec<Shard>,
    clients: Vec<Client>,
}

/// Mirrors of a shard, and what they are asked.
struct Shard {
    mirrors: Vec<SocketAddr>,
    request: Vec<u8>,
}

/// One thread's sockets.
struct Client {
    shards: Vec<(Vec<TcpStream>, Vec<u8>)>,
    random: fastrand::Rng,
    buffer: Vec<u8>,
}

impl Floor {
    /// Asks what hamirror would ask.
    pub(crate) fn new(cluster: &Cluster, query: &str) -> Self {
        let shards = cluster.daemons().iter().enumerate().map(|(shard, mirrors)| Shard {
            mirrors: mirrors.iter().map(Daemon::address).collect(),
            request: inside::request_bytes(shard, query),
        });
        Self { shards: shards.collect(), clients: Vec::new() }
    }
}

impl Contestant for Floor {
    fn name(&self) -> &'static str {
        "bare sockets (floor)"
    }

    fn run(&mut self, threads: usize, searches: usize) -> Result<Slice> {
        while self.clients.len() < threads {
            self.clients.push(Client::connect(&self.shards)?);
        }
        run_threads(&mut self.clients[..threads], searches, Client::search)
    }
}

impl Client {
    fn connect(shards: &[Shard]) -> Result<Self> {
        let connect = |address: &SocketAddr| {
            let mut stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.write_all(b"\0\0\0\x01\0\x04\0\0\0\0\0\x04\0\0\0\x01")?;
            stream.read_exact(&mut [0; 4])?;
            Ok(stream)
        };
        let connect_all = |shard: &Shard| {
            let streams = shard.mirrors.iter().map(connect).collect::<Result<Vec<_>>>()?;
            Ok((streams, shard.request.clone()))
        };
        let shards = shards.iter().map(connect_all).collect::<Result<Vec<_>>>()?;
        let random = fastrand::Rng::with_seed(1);
        Ok(Self { shards, random, buffer: vec![0; 1 << 20] })
    }

    fn search(&mut self) -> Result<()> {
        let mut asked = [0; SHARDS];
        for ((mirrors, request), asked) in self.shards.iter_mut().zip(&mut asked) {
            *asked = self.random.usize(..mirrors.len());
            mirrors[*asked].write_all(request)?;
        }
        for ((mirrors, _), asked) in self.shards.iter_mut().zip(asked) {
            read_reply(&mut mirrors[asked], &mut self.buffer)?;
        }
        Ok(())
    }
}

fn read_reply(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    let mut whole = 8;
    while filled < whole {
        let count = stream.read(&mut buffer[filled..])?;
        ensure!(count > 0, "an agent closed its connection");
        filled += count;
        if filled >= 8 {
            let [.., a, b, c, d] = buffer[..8] else { unreachable!() };
            whole = 8 + u32::from_be_bytes([a, b, c, d]) as usize;
            ensure!(whole <= buffer.len(), "a reply of {whole} bytes");
        }
    }
    ensure!(buffer[..2] == [0, 0], "status {:?}", &buffer[..2]);
    Ok(())
}
