//! All functions behind one symbol, for programs that load the library at run time.
//!
//!     const void *(*functions)(uint32_t);
//!     const hamirror_api_v0 *hamirror;
//!     *(void **)&functions = dlsym(library, "hamirror_api");
//!     hamirror = (const hamirror_api_v0 *)functions(HAMIRROR_API_VERSION);
//!     printf("%s\n", hamirror->version());

mod table;

use std::ffi::c_void;
use std::ptr;

use crate::panic::or_fallback;

pub use table::ApiV0;

/// Version of hamirror_api_v0, for hamirror_api().
pub const HAMIRROR_API_VERSION: u32 = 0;

/// The table of functions of a version, NULL if this library has none of that version. For
/// version 0 it is a `const hamirror_api_v0 *`. It lives as long as the library is loaded, and
/// never changes.
///
/// A program that loads the library with dlopen() needs this one symbol.
#[unsafe(no_mangle)]
pub extern "C" fn hamirror_api(version: u32) -> *const c_void {
    or_fallback(|| (version == HAMIRROR_API_VERSION).then(|| ptr::from_ref(&table::V0).cast()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_one_table_or_none() {
        let table = hamirror_api(HAMIRROR_API_VERSION).cast::<ApiV0>();
        // SAFETY: the table of that version is of that type and lives forever.
        let table = unsafe { table.as_ref() }.expect("a table");
        assert_eq!(table.struct_size as usize, size_of::<ApiV0>());
        assert_eq!(table.api_version, HAMIRROR_API_VERSION);
        assert_eq!((table.version)(), crate::version::hamirror_version());
        assert!(hamirror_api(HAMIRROR_API_VERSION + 1).is_null());
    }
}
