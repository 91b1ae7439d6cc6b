//! Forks with a client and a batch under way: parent and child go on asking.

use std::sync::Arc;
use std::{env, process};

use anyhow::{Context, Result, ensure};
use hamirror::request::Command;
use hamirror::request::Raw;
use hamirror::{Access, CallOptions, Client, Config, Error, Request};

fn main() -> Result<()> {
    let path = env::args().nth(1).context("usage: fork_client CONF")?;
    let client = Client::new(&Config::read(path)?)?;
    ask_often(&client, b"before")?;
    let mut batch = client.batch()?;
    let options = CallOptions::default();
    let call = batch.add_agent_with("d", 0, &request(b"under way"), &options)?;
    // SAFETY: the child runs on one thread and uses what this program made before the fork.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let forked = matches!(batch.wait_all(None), Err(Error::Forked));
        drop(batch);
        let asked = ask_often(&client, b"child");
        drop(client);
        process::exit(if forked && asked.is_ok() { 0 } else { 1 });
    }
    ask_often(&client, b"parent")?;
    ensure!(batch.wait_all(None)?, "the parent's batch did not end");
    ensure!(batch.take_reply(call)?.body == b"under way");
    let mut status = 0;
    // SAFETY: the status is an int that lives through the call.
    unsafe { libc::waitpid(child, &mut status, 0) };
    ensure!(status == 0, "the child ended with {status}");
    ask_often(&client, b"after")
}

fn ask_often(client: &Client, body: &[u8]) -> Result<()> {
    for _ in 0..200 {
        let reply = client.call("d", 0, &request(body))?;
        ensure!(reply.body == body, "a reply of another process: {:?}", reply.body);
    }
    Ok(())
}

fn request(body: &[u8]) -> Arc<dyn Request> {
    // One that only an echo knows, so that the body may hold anything.
    let command = Command { id: 99, version: 0x100 };
    Arc::new(Raw { command, access: Access::Read, body: body.to_vec() })
}
