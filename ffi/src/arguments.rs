//! What C hands in, checked as far as it can be.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::{ptr, slice};

use hamirror_core::internal::limits::MAX_PACKET_SIZE_MAX;
use hamirror_core::internal::wire::append;

use crate::failed::Failed;
use crate::handle::Handle;

/// A NUL-terminated text in any encoding.
///
/// # Safety
///
/// `pointer` is NULL or points to a NUL-terminated text that stays as it is.
pub(crate) unsafe fn bytes<'a>(pointer: *const c_char, name: &str) -> Result<&'a [u8], Failed> {
    if pointer.is_null() {
        return Err(Failed::null(name));
    }
    // SAFETY: it is a NUL-terminated text.
    Ok(unsafe { CStr::from_ptr(pointer) }.to_bytes())
}

/// A NUL-terminated text in UTF-8.
///
/// # Safety
///
/// As for [`bytes`].
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Failed> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes(pointer, name) }?;
    std::str::from_utf8(bytes).map_err(|error| {
        let place = error.valid_up_to();
        Failed::argument(format!("{name} is not UTF-8: byte 0x{:02x} at {place}", bytes[place]))
    })
}

/// A NUL-terminated path.
///
/// # Safety
///
/// As for [`bytes`].
pub(crate) unsafe fn path<'a>(pointer: *const c_char, name: &str) -> Result<&'a Path, Failed> {
    // SAFETY: the caller's promise.
    unsafe { bytes(pointer, name) }.map(|bytes| Path::new(OsStr::from_bytes(bytes)))
}

/// `len` things from `pointer`, which may be NULL if there are none.
///
/// # Safety
///
/// `pointer` is NULL or points to `len` things that stay as they are.
pub(crate) unsafe fn array<'a, T>(
    pointer: *const T,
    len: usize,
    name: &str,
) -> Result<&'a [T], Failed> {
    if len == 0 {
        return Ok(&[]);
    }
    check_array(pointer, len, name)?;
    if len * size_of::<T>() > MAX_PACKET_SIZE_MAX {
        return Err(Failed::argument(format!(
            "{name} of {len} items is more than any daemon reads"
        )));
    }
    // SAFETY: not NULL, and no longer than an object can be.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// `len` texts from `pointer`, of which an error calls each `item`.
///
/// # Safety
///
/// As for [`array`], and for each item as for [`bytes`].
pub(crate) unsafe fn texts<'a>(
    pointer: *const *const c_char,
    len: usize,
    name: &str,
    item: &str,
) -> Result<Vec<&'a str>, Failed> {
    // SAFETY: the caller's promise.
    let texts = unsafe { array(pointer, len, name) }?.iter();
    // SAFETY: the caller's promise.
    texts.map(|each| unsafe { text(*each, item) }).collect()
}

/// A copy of bytes, of which there may be more than there is memory.
pub(crate) fn copy_of(bytes: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut copy = Vec::new();
    append(&mut copy, bytes)?;
    Ok(copy)
}

/// A place of the caller's that may be written; the same may be given twice, so no reference.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    pub(crate) fn write(&self, value: T) {
        // SAFETY: not NULL, and so it may be written, as `out` demands.
        unsafe { self.0.write(value) };
    }
}

/// Where the result goes, written once there is one.
///
/// # Safety
///
/// `pointer` is NULL or may be written, as long as what is returned is used.
pub(crate) unsafe fn out<T>(pointer: *mut T, name: &str) -> Result<Out<T>, Failed> {
    if pointer.is_null() { Err(Failed::null(name)) } else { Ok(Out(pointer)) }
}

/// Writes a result that the caller need not want.
///
/// # Safety
///
/// As for [`out`].
pub(crate) unsafe fn write_if_wanted<T>(pointer: *mut T, value: T) {
    if !pointer.is_null() {
        Out(pointer).write(value);
    }
}

/// Where a new handle goes: NULL until there is one.
///
/// # Safety
///
/// As for [`out`].
pub(crate) unsafe fn out_handle<P: Pointer>(
    pointer: *mut P,
    name: &str,
) -> Result<Out<P>, Failed> {
    // SAFETY: the caller's promise.
    unsafe { out(pointer, name) }.inspect(|place| place.write(P::NULL))
}

/// A pointer to a handle.
pub(crate) trait Pointer {
    const NULL: Self;
}

impl<H: Handle> Pointer for *mut H {
    const NULL: Self = ptr::null_mut();
}

impl<H: Handle> Pointer for *const H {
    const NULL: Self = ptr::null();
}

/// Writes as many items as there is room for, and says how many there are.
///
/// # Safety
///
/// `buffer` is NULL or has room for `capacity` items; `out_count` is NULL or may be written.
pub(crate) unsafe fn copy_out<T>(
    items: impl ExactSizeIterator<Item = T>,
    buffer: *mut T,
    capacity: usize,
    out_count: *mut usize,
) -> Result<(), Failed> {
    // SAFETY: the caller's promise.
    let out_count = unsafe { out(out_count, "out_count") }?;
    if capacity > 0 {
        check_array(buffer.cast_const(), capacity, "buffer")?;
    }
    out_count.write(items.len());
    for (number, item) in items.take(capacity).enumerate() {
        // SAFETY: below the capacity.
        unsafe { buffer.add(number).write(item) };
    }
    Ok(())
}

fn check_array<T>(pointer: *const T, len: usize, name: &str) -> Result<(), Failed> {
    if pointer.is_null() {
        return Err(Failed::argument(format!("{name} is NULL, its length {len}")));
    }
    match len.checked_mul(size_of::<T>()) {
        Some(size) if isize::try_from(size).is_ok() => Ok(()),
        _ => Err(Failed::argument(format!("{name} can't have a length of {len}"))),
    }
}
