//! New values of attributes, which every mirror gets.
//!
//!     const char *const attribute = "stock";
//!     code = hamirror_update_new(&attribute, 1, &update, &error);
//!     hamirror_update_document(update, 7, NULL);
//!     hamirror_update_uint(update, 9, NULL);
//!     code = hamirror_client_update(client, "goods", update, NULL, &mirrored, &error);
//!     if (code == HAMIRROR_OK)
//!         printf("%" PRIu64 " documents\n", hamirror_mirrored_documents(mirrored));

use std::ffi::c_char;

use hamirror_core::command::{NewValue, Update as CoreUpdate};

use crate::arguments;
use crate::client::Client;
use crate::code::HAMIRROR_ERROR_MISUSE;
use crate::error::Error;
use crate::failed::Failed;
use crate::handle::{self, Exclusive, Handle, Owned, need};
use crate::mirrored::{Mirrored, MirroredDetail};
use crate::options::{self, CallOptions};
use crate::panic::{fallible, getter};

/// New values of attributes in documents. One thread at a time may change it; unchanged, any
/// number of threads may use it. End it with hamirror_update_free().
pub struct Update {
    _private: [u8; 0],
}

impl Handle for Update {
    type Rust = Exclusive<Given>;
    type Ownership = Owned;
}

/// What a pointer to [`Update`] points to.
pub(crate) struct Given {
    attributes: Vec<String>,
    documents: Vec<(u64, Vec<NewValue>)>,
    ignores_missing: bool,
}

impl Given {
    pub(crate) fn get(&self) -> CoreUpdate {
        let update = CoreUpdate::new(self.attributes.iter().cloned());
        let update = update.ignore_missing(self.ignores_missing);
        let add = |update: CoreUpdate, (id, values): &(u64, Vec<NewValue>)| {
            update.document(*id, values.iter().cloned())
        };
        self.documents.iter().fold(update, add)
    }

    fn add(&mut self, value: NewValue) -> Result<(), Failed> {
        let Some((_, values)) = self.documents.last_mut() else {
            let text = "update has no document yet: call hamirror_update_document() first";
            return Err(Failed::new(HAMIRROR_ERROR_MISUSE, text));
        };
        values.push(value);
        Ok(())
    }
}

/// An update of these attributes, in no document yet. `attributes` are `attributes_len`
/// NUL-terminated names in UTF-8.
///
/// HAMIRROR_ERROR_ARGUMENT for NULL and for names that are not UTF-8; whether the names and values
/// make an update is said by hamirror_client_update().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_update_new(
    attributes: *const *const c_char,
    attributes_len: usize,
    out_update: *mut *mut Update,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_update = arguments::out_handle(out_update, "out_update")?;
        let (name, item) = ("attributes", "an attribute of attributes");
        let names = arguments::texts(attributes, attributes_len, name, item)?;
        let attributes = names.into_iter().map(str::to_owned).collect();
        let given = Given { attributes, documents: Vec::new(), ignores_missing: false };
        out_update.write(handle::new(Exclusive::new(given)));
        Ok(())
    })
}

/// Adds a document by its id. Add a value for each attribute then, in their order. Errors are
/// HAMIRROR_ERROR_ARGUMENT for NULL, and HAMIRROR_ERROR_REENTRANT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_update_document(
    update: *mut Update,
    id: u64,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mut update = need(update.cast_const(), "update")?.write("update")?;
        update.documents.push((id, Vec::new()));
        Ok(())
    })
}

/// Adds the next value of the last document: for an integer, a bool, a timestamp, or a whole
/// number in a JSON attribute. Larger numbers, negative ones and floats are for UPDATE of
/// SphinxQL. HAMIRROR_ERROR_MISUSE if there is no document yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_update_uint(
    update: *mut Update,
    value: u32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mut update = need(update.cast_const(), "update")?.write("update")?;
        update.add(NewValue::Uint(value))
    })
}

/// Adds the next value of the last document: `count` numbers for a multi-value attribute; `values`
/// may be NULL if there are none. The errors are those of hamirror_update_uint().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_update_multi(
    update: *mut Update,
    values: *const u32,
    count: usize,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let values = arguments::array(values, count, "values")?.to_vec();
        let mut update = need(update.cast_const(), "update")?.write("update")?;
        update.add(NewValue::Multi(values))
    })
}

/// Sets whether attributes that an index does not have are passed over, if `on` is not 0; they
/// are refused unless set. The errors are those of hamirror_update_document().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_update_ignore_missing(
    update: *mut Update,
    on: i32,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let mut update = need(update.cast_const(), "update")?.write("update")?;
        update.ignores_missing = on != 0;
        Ok(())
    })
}

/// Sets attributes of documents on every mirror of every agent of an index, and waits. Agents pass
/// over documents that they do not have.
///
/// A mirror that may have got the update is not sent it again. What became of it on each mirror is
/// told. `index` is NUL-terminated; `options` may be NULL for the defaults. End the outcome with
/// hamirror_mirrored_free().
///
/// HAMIRROR_ERROR_REQUEST if a document has not as many values as there are attributes, or there
/// is none; HAMIRROR_ERROR_UNANSWERED if no agent, or fewer than the options demand, has a mirror
/// that made the update; otherwise the errors are those of hamirror_client_search().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_client_update(
    client: *const Client,
    index: *const c_char,
    update: *const Update,
    options: *const CallOptions,
    out_mirrored: *mut *mut Mirrored,
    out_error: *mut *mut Error,
) -> i32 {
    fallible!(out_error, {
        let out_mirrored = arguments::out_handle(out_mirrored, "out_mirrored")?;
        let client = need(client, "client")?;
        let index = arguments::text(index, "index")?;
        let options = options::call(options)?;
        // Its own copy, for the handle may be changed or freed while this waits.
        let update = need(update, "update")?.read("update")?.get();
        let told = client.update(index, &update, &options)?;
        out_mirrored.write(handle::new(MirroredDetail::from(told)));
        Ok(())
    })
}

/// Ends an update; one under way has its own copy. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hamirror_update_free(update: *mut Update) {
    getter!({
        handle::free(update);
        None
    })
}
