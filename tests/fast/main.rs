//! What needs no daemon, no valgrind and no second build: rules of the sources, and the library
//! over sockets of this machine.

mod c_abi;
mod c_functions;
mod citations;
mod corpus;
mod excerpts;
mod heartbeats;
mod kept;
mod layers;
mod lists;
mod log;
mod manticore;
mod mirror_keys;
mod names;
mod numbers;
mod promises;
mod readme;
mod running;
mod scale;
mod slow_names;
mod sockets;
mod soft_timeouts;
mod sphinxapi;
mod tidy;
mod upkeep;
mod versions;
mod words;
