//! Columns as buffers for NumPy: bytes that an array is laid over.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int32Type, Int64Type, TimestampSecondType, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, LargeListArray, RecordBatch};
use arrow_schema::DataType;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

/// Name, type in the words of NumPy, values and mask of each column.
///
/// Values of a fixed size are bytes. Texts and bytes are a list of objects, for NumPy has no type
/// for them. Sets are the bytes of all of them, and of the places where each ends. A mask has a
/// byte for each row, 1 where there is no value; it is `None` if there is one in all of them.
pub(crate) fn columns<'py>(py: Python<'py>, batch: &RecordBatch) -> PyResult<Bound<'py, PyList>> {
    let schema = batch.schema();
    let each = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
        let (dtype, values) = values(py, array)?;
        (field.name(), dtype, values, mask(py, array)).into_pyobject(py)
    });
    PyList::new(py, each.collect::<PyResult<Vec<Bound<'py, PyTuple>>>>()?)
}

fn values<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<(&'static str, Bound<'py, PyAny>)> {
    Ok(match array.data_type() {
        DataType::UInt32 => ("uint32", fixed::<UInt32Type>(py, array)),
        DataType::Int32 => ("int32", fixed::<Int32Type>(py, array)),
        DataType::Int64 => ("int64", fixed::<Int64Type>(py, array)),
        DataType::UInt64 => ("uint64", fixed::<UInt64Type>(py, array)),
        DataType::Timestamp(..) => ("datetime64[s]", fixed::<TimestampSecondType>(py, array)),
        DataType::Float32 => ("float32", fixed::<Float32Type>(py, array)),
        DataType::Float64 => ("float64", fixed::<Float64Type>(py, array)),
        DataType::Boolean => {
            let bits: Vec<u8> = array.as_boolean().values().iter().map(u8::from).collect();
            ("bool", PyBytes::new(py, &bits).into_any())
        }
        DataType::LargeUtf8 => {
            let texts: Vec<Option<&str>> = array.as_string::<i64>().iter().collect();
            ("object", PyList::new(py, texts)?.into_any())
        }
        DataType::LargeBinary => {
            let each = array.as_binary::<i64>().iter();
            let each = each.map(|bytes| bytes.map(|bytes| PyBytes::new(py, bytes)));
            ("object", PyList::new(py, each.collect::<Vec<_>>())?.into_any())
        }
        DataType::LargeList(field) => {
            let sets = array.as_list::<i64>();
            match field.data_type() {
                DataType::UInt32 => ("uint32", sets_of::<UInt32Type>(py, sets)?),
                DataType::Int64 => ("int64", sets_of::<Int64Type>(py, sets)?),
                _ => ("float32", sets_of::<Float32Type>(py, sets)?),
            }
        }
        other => return Err(PyTypeError::new_err(format!("NumPy has no type for {other}"))),
    })
}

fn fixed<'py, A: ArrowPrimitiveType>(py: Python<'py>, array: &ArrayRef) -> Bound<'py, PyAny> {
    let values = array.as_primitive::<A>().values();
    PyBytes::new(py, values.inner().as_slice()).into_any()
}

fn sets_of<'py, A: ArrowPrimitiveType>(
    py: Python<'py>,
    sets: &LargeListArray,
) -> PyResult<Bound<'py, PyAny>> {
    let ends = PyBytes::new(py, sets.offsets().inner().inner().as_slice());
    (fixed::<A>(py, sets.values()), ends).into_bound_py_any(py)
}

fn mask<'py>(py: Python<'py>, array: &ArrayRef) -> Option<Bound<'py, PyBytes>> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0)?;
    let mask: Vec<u8> = nulls.iter().map(|is_there| u8::from(!is_there)).collect();
    Some(PyBytes::new(py, &mask))
}
