//! What loads the machine or judges by its speed, on real daemons.

mod absence;
mod bursts;
mod crowd;
mod daemons;
mod faults_under_load;
mod forgotten;
mod latency;
mod link;
mod status_oracle;
mod stress;
