//! The floor: write to both agents, then read both replies, on kept blocking sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Result, ensure};
use hamirror_tests::cluster::Cluster;

use crate::contestant::{Contestant, Slice, run_threads};
use crate::inside;

pub(crate) struct Floor {
    agents: Vec<(SocketAddr, Vec<u8>)>,
    clients: Vec<Client>,
}

/// One thread's sockets.
struct Client {
    agents: Vec<(TcpStream, Vec<u8>)>,
    buffer: Vec<u8>,
}

impl Floor {
    /// Asks the first mirror of each shard what hamirror would ask it.
    pub(crate) fn new(cluster: &Cluster) -> Self {
        let agent = |(shard, mirrors): (usize, &Vec<hamirror_tests::daemon::Daemon>)| {
            (mirrors[0].address(), inside::request_bytes(shard))
        };
        let agents = cluster.daemons().iter().enumerate().map(agent).collect();
        Self { agents, clients: Vec::new() }
    }
}

impl Contestant for Floor {
    fn name(&self) -> &'static str {
        "bare sockets (floor)"
    }

    fn run(&mut self, threads: usize, searches: usize) -> Result<Slice> {
        while self.clients.len() < threads {
            self.clients.push(Client::connect(&self.agents)?);
        }
        run_threads(&mut self.clients[..threads], searches, Client::search)
    }
}

impl Client {
    fn connect(agents: &[(SocketAddr, Vec<u8>)]) -> Result<Self> {
        let connect = |(address, request): &(SocketAddr, Vec<u8>)| {
            let mut stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.write_all(b"\0\0\0\x01\0\x04\0\0\0\0\0\x04\0\0\0\x01")?;
            stream.read_exact(&mut [0; 4])?;
            Ok((stream, request.clone()))
        };
        let agents = agents.iter().map(connect).collect::<Result<Vec<_>>>()?;
        Ok(Self { agents, buffer: vec![0; 1 << 20] })
    }

    fn search(&mut self) -> Result<()> {
        for (stream, request) in &mut self.agents {
            stream.write_all(request)?;
        }
        for (stream, _) in &mut self.agents {
            let mut filled = 0;
            let mut whole = 8;
            while filled < whole {
                let count = stream.read(&mut self.buffer[filled..])?;
                ensure!(count > 0, "an agent closed its connection");
                filled += count;
                if filled >= 8 {
                    let [.., a, b, c, d] = self.buffer[..8] else { unreachable!() };
                    whole = 8 + u32::from_be_bytes([a, b, c, d]) as usize;
                    ensure!(whole <= self.buffer.len(), "a reply of {whole} bytes");
                }
            }
            ensure!(self.buffer[..2] == [0, 0], "status {:?}", &self.buffer[..2]);
        }
        Ok(())
    }
}
