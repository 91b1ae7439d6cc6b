//! The version: in macros that a program was compiled with, and of the library that it runs with.
//!
//!     if (hamirror_version_number() >> 16 != HAMIRROR_VERSION_MAJOR)
//!         fprintf(stderr, "made for %s, but this is %s\n", HAMIRROR_VERSION, hamirror_version());

use std::ffi::c_char;

/// First number of the version of this header.
pub const HAMIRROR_VERSION_MAJOR: u32 = 0;
/// Second number of the version of this header.
pub const HAMIRROR_VERSION_MINOR: u32 = 1;
/// Third number of the version of this header.
pub const HAMIRROR_VERSION_PATCH: u32 = 0;

/// Version of the library that runs, such as "0.1.0". NUL-terminated; it lives forever.
#[unsafe(no_mangle)]
pub extern "C" fn hamirror_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Version of the library that runs, as one number. The major is in bits 16 to 31, the minor in
/// bits 8 to 15, the patch in bits 0 to 7.
#[unsafe(no_mangle)]
pub extern "C" fn hamirror_version_number() -> u32 {
    HAMIRROR_VERSION_MAJOR << 16 | HAMIRROR_VERSION_MINOR << 8 | HAMIRROR_VERSION_PATCH
}
