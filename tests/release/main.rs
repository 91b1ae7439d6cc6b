//! What is shipped: the frozen ABI, installed copies, packages and the optimised library.

mod abi_ledger;
mod installed_examples;
mod packaging;
mod python_package;
mod reference;
mod release;
mod static_library;
