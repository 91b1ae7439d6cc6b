//! Keyword arguments of clients and calls (`_options.py` says what each means).

use std::time::Duration;

use hamirror::{
    CallOptions, ClientOptions, Completeness, KeepConnections, MirrorKey, SoftTimeout,
};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDelta, PyDict, PyIterator, PyString};

/// Reads the options of a client.
pub(crate) fn client_options(keywords: Option<&Keywords<'_>>) -> PyResult<ClientOptions> {
    let mut options = ClientOptions::default();
    for_each("Client", keywords, |name, value| {
        match name {
            "background" => options.background = value.extract()?,
            "seed" => options.seed = Some(number(value)?),
            "keep_connections" => options.keep_connections = choice(value, &KEEP)?,
            "failover" => options.failover = value.extract()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(options)
}

/// Reads the options of a call.
pub(crate) fn call_options(
    function: &str,
    keywords: Option<&Keywords<'_>>,
) -> PyResult<CallOptions> {
    let mut options = CallOptions::default();
    for_each(function, keywords, |name, value| set_call_option(&mut options, name, value))?;
    Ok(options)
}

/// Keyword arguments as they come.
pub(crate) type Keywords<'py> = Bound<'py, PyDict>;

/// Hands out every keyword argument that is not None, to a function that says if it knows it.
pub(crate) fn for_each(
    function: &str,
    keywords: Option<&Keywords<'_>>,
    mut set: impl FnMut(&str, &Bound<'_, PyAny>) -> PyResult<bool>,
) -> PyResult<()> {
    for (name, value) in keywords.into_iter().flatten() {
        let name = name.cast::<PyString>()?.to_cow()?;
        if value.is_none() {
            continue;
        }
        let is_known = set(&name, &value).map_err(|error| about(value.py(), &name, error))?;
        if !is_known {
            let text = format!("{function}() got an unexpected keyword argument '{name}'");
            return Err(PyTypeError::new_err(text));
        }
    }
    Ok(())
}

/// Sets one option of a call, if that is one.
pub(crate) fn set_call_option(
    options: &mut CallOptions,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    match name {
        "deadline" => options.deadline = Some(duration(value)?),
        "connect_timeout" => options.connect_timeout = Some(duration(value)?),
        "query_timeout" => options.query_timeout = Some(duration(value)?),
        "retry_count" => options.retry_count = Some(number(value)?),
        "retry_delay" => options.retry_delay = Some(duration(value)?),
        "failover" => options.failover = value.extract()?,
        "completeness" => options.completeness = completeness(value)?,
        "soft_timeout" => options.soft_timeout = Some(soft_timeout(value)?),
        "mirror_key" => options.mirror_key = Some(mirror_key(value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// A time in seconds, or a `timedelta`.
pub(crate) fn duration(value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    if value.is_instance_of::<PyDelta>() {
        return value.extract();
    }
    let seconds: f64 = number(value)?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| PyValueError::new_err(format!("{seconds} s: {error}")))
}

/// Reads a number. True and False are none here, though Python takes them for 1 and 0: whoever
/// gives one means another option.
pub(crate) fn number<T>(value: &Bound<'_, PyAny>) -> PyResult<T>
where
    T: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr>,
{
    if value.is_instance_of::<PyBool>() {
        return Err(PyTypeError::new_err(format!("{value} is no number")));
    }
    value.extract()
}

/// One of the values that an option may have, by its name.
pub(crate) fn choice<T: Copy>(value: &Bound<'_, PyAny>, choices: &[(&str, T)]) -> PyResult<T> {
    let text = value.cast::<PyString>()?.to_cow()?;
    choices.iter().find(|(known, _)| *known == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(known, _)| *known).collect();
        PyValueError::new_err(format!("'{text}' is none of {}", names.join(", ")))
    })
}

/// One of the values that an argument of that name may have, if it has any.
pub(crate) fn choice_of<T: Copy>(
    name: &str,
    value: Option<&Bound<'_, PyAny>>,
    choices: &[(&str, T)],
) -> PyResult<Option<T>> {
    let chosen = |value: &Bound<'_, PyAny>| {
        choice(value, choices).map_err(|error| about(value.py(), name, error))
    };
    value.map(chosen).transpose()
}

/// Returns what an iterable holds. Letters of a text are not what anybody means.
pub(crate) fn items<'py>(values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    if values.is_instance_of::<PyString>() || values.is_instance_of::<PyBytes>() {
        return Err(PyTypeError::new_err("one text is no list of them"));
    }
    values.try_iter()
}

/// The texts of an argument of that name, an iterable of them.
pub(crate) fn texts(name: &str, values: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let extract = || -> PyResult<_> { items(values)?.map(|text| text?.extract()).collect() };
    extract().map_err(|error| about(values.py(), name, error))
}

pub(crate) fn completeness(value: &Bound<'_, PyAny>) -> PyResult<Completeness> {
    if value.is_instance_of::<PyString>() {
        return choice(value, &COMPLETENESS);
    }
    Completeness::at_least(percent(value)?)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

fn soft_timeout(value: &Bound<'_, PyAny>) -> PyResult<SoftTimeout> {
    let (answered, share): (Bound<'_, PyAny>, Bound<'_, PyAny>) = value.extract()?;
    let [answered, share] = [percent(&answered)?, percent(&share)?];
    SoftTimeout::new(answered, share).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// A percentage as it was given.
fn percent(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    // A number that is too large for this is too large for a share.
    match number(value) {
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => Ok(i64::MAX),
        percent => percent,
    }
}

fn mirror_key(value: &Bound<'_, PyAny>) -> PyResult<MirrorKey> {
    match value.cast::<PyBytes>() {
        Ok(bytes) => Ok(MirrorKey::new(bytes.as_bytes())),
        Err(_) => Ok(MirrorKey::new(value.cast::<PyString>()?.to_cow()?.as_bytes())),
    }
}

/// Puts the argument's name before an error about its value. What other Python code raised, such
/// as an iterator, stays as it is.
pub(crate) fn about(py: Python<'_>, name: &str, error: PyErr) -> PyErr {
    if error.traceback(py).is_some() {
        return error;
    }
    let text = format!("argument '{name}': {}", error.value(py));
    match error.get_type(py) {
        class if class.is(py.get_type::<PyTypeError>()) => PyTypeError::new_err(text),
        class if class.is(py.get_type::<PyValueError>()) => PyValueError::new_err(text),
        class if class.is(py.get_type::<PyOverflowError>()) => PyOverflowError::new_err(text),
        _ => error,
    }
}

const KEEP: [(&str, KeepConnections); 3] = [
    ("by_line", KeepConnections::ByLine),
    ("always", KeepConnections::Always),
    ("never", KeepConnections::Never),
];

const COMPLETENESS: [(&str, Completeness); 2] =
    [("best_effort", Completeness::BestEffort), ("all", Completeness::All)];
