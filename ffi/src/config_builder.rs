//! A configuration put together by a program.

use std::ffi::c_char;

use hamirror_core::config::ConfigBuilder as CoreBuilder;

use crate::arguments;
use crate::config::{Config, HAMIRROR_READING_STRICT, reading_of};
use crate::error::Error;
use crate::handle::{self, Exclusive, Handle, Owned, need};
use crate::panic::{fallible, getter};

/// Collects `key = value` settings and checks them all at once, as if a file held them. One
/// thread at a time may change it. End it with hamirror_config_builder_free().
pub struct ConfigBuilder {
    _private: [u8; 0],
}

impl Handle for ConfigBuilder {
    type Rust = Exclusive<CoreBuilder>;
    type Ownership = Owned;
}

/// A builder without any setting.
#[unsafe(no_mangle)]
pub extern "C" fn hamirror_config_builder_new() -> *mut ConfigBuilder {
    crate::panic::or_fallback(|| Some(handle::new(Exclusive::new(CoreBuilder::new()))))
}

/// Sets a key of a section.
///
/// `section` is "searchd", or the name of a distributed index. The keys `agent`,
/// `agent_persistent`, `agent_blackhole` and `local` add up, any other is replaced. All texts are
/// NUL-terminated UTF-8. Whatever is wrong with a setting, hamirror_config_builder_build() says.
/// HAMIRROR_ERROR_ARGUMENT for a text that is NULL or not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_builder_set(
    builder: *mut ConfigBuilder,
    section: *const c_char,
    key: *const c_char,
    value: *const c_char,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let builder = need(builder.cast_const(), "builder")?;
        let section = arguments::text(section, "section")?;
        let (key, value) = (arguments::text(key, "key")?, arguments::text(value, "value")?);
        builder.write("builder")?.set(section, key, value);
        Ok(())
    })
}

/// Checks all settings by HAMIRROR_READING_STRICT and makes a configuration of them; the builder
/// may be used again.
///
/// HAMIRROR_ERROR_CONFIG with every fault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_builder_build(
    builder: *const ConfigBuilder,
    out_config: *mut *mut Config,
    out_error: *mut *mut Error,
) -> i32 {
    let reading = HAMIRROR_READING_STRICT;
    // SAFETY: the caller's promise.
    unsafe { hamirror_config_builder_build_as(builder, reading, out_config, out_error) }
}

/// Makes a configuration as hamirror_config_builder_build() does, by the rules of `reading`, one
/// of HAMIRROR_READING_*; HAMIRROR_ERROR_ARGUMENT if it is none. `local` indexes are taken as
/// known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_builder_build_as(
    builder: *const ConfigBuilder,
    reading: i32,
    out_config: *mut *mut Config,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_config = arguments::out_handle(out_config, "out_config")?;
        let builder = need(builder, "builder")?;
        let config = builder.read("builder")?.build_as(reading_of(reading)?)?;
        out_config.write(handle::new(config.into()));
        Ok(())
    })
}

/// Ends a builder; configurations made by it live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_config_builder_free(builder: *mut ConfigBuilder) {
    getter!({
        handle::free(builder);
        None
    })
}
