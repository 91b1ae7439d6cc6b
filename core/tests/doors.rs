//! What a program sees of the types that it holds: a line of each, descriptors, causes of errors.

use std::error::Error as _;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use hamirror::{Client, ClientOptions, Config, Error};

const CONFIG: &str = "index d\n{\n type = distributed\n agent = box1:9312|box2:9312:shard\n}\n";

fn client(background: bool) -> Client {
    let config = Config::parse(CONFIG, "doors.conf").expect("it is well formed");
    let options = ClientOptions::default().background(background);
    Client::with_options(&config, options).expect("nothing is asked of the system yet")
}

#[test]
fn a_handle_is_a_line_that_names_no_host() {
    let client = client(false);
    assert_eq!(format!("{client:?}"), "Client { indexes: 1, hosts: 2, .. }");
    let batch = client.batch().expect("a queue");
    assert_eq!(format!("{batch:?}"), "Batch { pending: 0, .. }");
    let running = batch.run().expect("a thread");
    assert_eq!(format!("{running:?}"), "RunningBatch { batch: Batch { runs: true, .. } }");
    let upkeep = client.upkeep().expect("nobody else drives it");
    assert_eq!(format!("{upkeep:?}"), "Upkeep { .. }");
    assert_eq!(format!("{:?}", client.session()), "Session { .. }");
}

#[test]
fn descriptors_go_into_event_loops_by_their_types() {
    let client = client(false);
    let batch = client.batch().expect("a queue");
    let (borrowed, raw) = (batch.as_fd().as_raw_fd(), batch.as_raw_fd());
    assert_eq!([borrowed, raw], [batch.fd(); 2]);
    let upkeep = client.upkeep().expect("nobody else drives it");
    let (borrowed, raw) = (upkeep.as_fd().as_raw_fd(), upkeep.as_raw_fd());
    assert_eq!([borrowed, raw], [upkeep.fd(); 2]);
    assert_ne!(batch.fd(), upkeep.fd());
}

#[test]
fn a_configuration_that_is_not_there_has_the_systems_error_as_its_cause() {
    let error = Config::read("no/such.conf").expect_err("there is no such file");
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::NotFound));
    assert!(matches!(error, Error::System(system) if system.source().is_some()));
}
