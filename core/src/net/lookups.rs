//! Name look-ups, on threads of their own while there are any: one blocks, for half a minute at
//! worst, and can't be ended. Nothing waits for it but what needs that name: no call beyond its
//! deadline, no other name, no ping.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use super::inbox::Inbox;
use super::mail::Mail;
use super::{clock, resolver};
use crate::host::{Host, Unresolved};

/// Names to look up.
#[derive(Default)]
pub(super) struct Lookups {
    /// Each name once.
    queue: VecDeque<Wanted>,
    /// Names that threads are at: who asks for one meanwhile waits for the next look-up of it.
    running: HashSet<String>,
}

/// A name, its hosts, and who waits for each.
pub(super) struct Wanted {
    name: String,
    hosts: Vec<(Arc<Host>, Vec<Arc<Mail>>)>,
}

impl Lookups {
    /// Has a host looked up; whether a thread is needed for it that is not at its name yet.
    pub(super) fn add(&mut self, host: Arc<Host>, mail: Option<Arc<Mail>>) -> bool {
        let Some((name, _)) = host.lookup_name() else { return false };
        let place = self.queue.iter().position(|wanted| wanted.name == name);
        let is_new = place.is_none() && !self.running.contains(name);
        let place = place.unwrap_or_else(|| {
            self.queue.push_back(Wanted { name: name.to_owned(), hosts: Vec::new() });
            self.queue.len() - 1
        });
        let hosts = &mut self.queue[place].hosts;
        match hosts.iter_mut().find(|(other, _)| other.number == host.number) {
            Some((_, mails)) => mails.extend(mail),
            None => hosts.push((host, mail.into_iter().collect())),
        }
        is_new
    }

    /// What to look up next: a name that no other thread is at, for one that hangs must not use
    /// up the threads.
    pub(super) fn take(&mut self) -> Option<Wanted> {
        let place = self.queue.iter().position(|wanted| !self.running.contains(&wanted.name))?;
        let wanted = self.queue.remove(place)?;
        self.running.insert(wanted.name.clone());
        Some(wanted)
    }

    /// A look-up ended.
    pub(super) fn handle_end(&mut self, wanted: &Wanted) {
        self.running.remove(&wanted.name);
    }

    /// Takes all that waits.
    pub(super) fn take_all(&mut self) -> Vec<Wanted> {
        self.queue.drain(..).collect()
    }
}

/// Looks up what is to be looked up, until nothing is left that no other thread is at.
pub(super) fn run(inbox: &Inbox, place: usize) {
    while let Some(wanted) = inbox.next_lookup(place) {
        let begun_at = clock::now();
        let found = resolver::look_up(&wanted.name);
        inbox.handle_looked_up(place, &wanted);
        for (host, mails) in wanted.hosts {
            let (_, port) = host.lookup_name().expect("it was asked for by its name");
            let at_port = |found: Vec<_>| found.into_iter().map(|ip| SocketAddr::new(ip, port));
            host.handle_lookup(found.clone().map(|found| at_port(found).collect()));
            for mail in mails {
                mail.deliver(Arc::clone(&host), begun_at);
            }
        }
    }
}

/// Ends look-ups for which there is no thread.
pub(super) fn fail(stranded: Vec<Wanted>) {
    let now = clock::now();
    for (host, mails) in stranded.into_iter().flat_map(|wanted| wanted.hosts) {
        let text = "the system gives this process no thread for it".to_owned();
        host.handle_lookup(Err(Unresolved { text, is_local: true }));
        for mail in mails {
            mail.deliver(Arc::clone(&host), now);
        }
    }
}
