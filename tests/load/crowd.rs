//! More threads than a real daemon takes connections: it refuses, and no call is lost.

use std::sync::Arc;
use std::thread;

use anyhow::{Result, ensure};
use hamirror::request::Command;
use hamirror::request::Raw;
use hamirror::{Access, Client, Config, Request};
use hamirror_tests::alone;
use hamirror_tests::daemon::Daemon;
use hamirror_tests::packages::{self, Tool};

#[test]
fn twenty_threads_over_a_daemon_that_takes_four_connections() -> Result<()> {
    let _machine = alone::on_the_machine();
    packages::ensure(&[Tool::Searchd])?;
    let folder = tempfile::tempdir()?;
    let index = format!(
        "index rt\n{{\n    type = rt\n    path = {}/rt\n    rt_field = title\n    \
         rt_attr_uint = gid\n}}\n",
        folder.path().display()
    );
    let daemon = Daemon::start(folder.path(), &index, "    max_children = 4\n")?;
    for key in ["agent", "agent_persistent"] {
        let text = format!(
            "searchd\n{{\n    persistent_connections_limit = 3\n}}\n\
             index d\n{{\n    type = distributed\n    agent_query_timeout = 20000\n    \
             {key} = {}:rt\n}}\n",
            daemon.address()
        );
        let client = Client::new(&Config::parse(&text, "crowd.conf")?)?;
        let failures: Vec<String> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..THREADS).map(|_| scope.spawn(|| ask_often(&client).err())).collect();
            let ends = threads.into_iter().map(|thread| thread.join().expect("no panic"));
            ends.flatten().map(|error| error.to_string()).collect()
        });
        ensure!(failures.is_empty(), "{key}: {failures:?}");
    }
    Ok(())
}

fn ask_often(client: &Client) -> Result<()> {
    let body = vec![0, 0, 0, 1];
    let request: Arc<dyn Request> =
        Arc::new(Raw { command: Command::STATUS, access: Access::Read, body });
    for _ in 0..CALLS {
        let reply = client.call("d", 0, &request)?;
        ensure!(reply.body.len() > 100, "a status of {} bytes", reply.body.len());
    }
    Ok(())
}

const THREADS: usize = 20;
const CALLS: usize = 50;
