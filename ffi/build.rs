//! Names the shared library by its ABI, and keeps it loaded once it is.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system != "linux") {
        return;
    }
    let argument = |text: String| println!("cargo::rustc-cdylib-link-arg=-Wl,{text}");
    argument(format!("-soname,{}", soname()));
    // Unloading code that a thread has run is not safe: its thread-locals have destructors there.
    argument("-z,nodelete".to_owned());
}

/// By the rule of cargo-c, whose installed links must match.
fn soname() -> String {
    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    match major {
        "0" => format!("libhamirror.so.0.{minor}"),
        _ => format!("libhamirror.so.{major}"),
    }
}
