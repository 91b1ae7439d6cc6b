//! The library with what it meets outside: real daemons, and programs in C and C++, under valgrind
//! and with sanitizers.

mod c_chapters;
mod c_header;
mod c_library;
mod c_programs;
mod c_sequences;
mod command_programs;
mod commands;
mod config_oracle;
mod cpp_header;
mod cpp_programs;
mod differential;
mod exceptions;
mod faults;
mod grouped;
mod guest;
mod harness;
mod master;
mod metrics;
mod outcome_programs;
mod plugins;
mod raw_merges;
mod readme;
mod running;
mod search_settings;
mod searchd;
mod sphinxql;
mod udf;
mod values;
mod versions;
