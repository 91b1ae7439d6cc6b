//! Columns of a result in the layout of Apache Arrow, without a Python object for each value.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, LargeBinaryBuilder, LargeListBuilder, PrimitiveBuilder,
};
use arrow_array::ffi::{FFI_ArrowSchema, to_ffi};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int32Type, Int64Type, TimestampSecondType,
    UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, LargeStringArray, RecordBatch, RecordBatchIterator, RecordBatchOptions,
    StructArray,
};
use arrow_schema::{ArrowError, Field, Schema};
use pyo3::exceptions::{PyMemoryError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyModule, PyTuple};

use crate::cell::Cell;
use crate::options::Keywords;

/// Something with rows and columns.
pub(crate) trait Table {
    /// Number of rows.
    fn len(&self) -> usize;

    /// A value by the numbers of its row and column.
    fn cell(&self, row: usize, column: usize) -> PyResult<Cell<'_>>;
}

/// Puts columns together, each of a name and a kind.
pub(crate) fn batch(table: &impl Table, columns: &[(String, String)]) -> PyResult<RecordBatch> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (number, (name, kind)) in columns.iter().enumerate() {
        let array = Filled { table, name, kind, number }.array()?;
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(table.len()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| refused(&error))
}

/// Calls a function of `hamirror._columns`, which imports what it converts to.
pub(crate) fn converted<'py>(
    table: &Bound<'py, PyAny>,
    name: &str,
    options: Option<&Keywords<'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let module = PyModule::import(table.py(), "hamirror._columns")?;
    module.getattr(name)?.call((table,), options)
}

/// Hands a batch to who reads `__arrow_c_stream__`.
pub(crate) fn stream(py: Python<'_>, batch: RecordBatch) -> PyResult<Bound<'_, PyCapsule>> {
    let schema = batch.schema();
    let reader = RecordBatchIterator::new([Ok(batch)], schema);
    let stream = FFI_ArrowArrayStream::new(Box::new(reader));
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}

/// Hands a batch to who reads `__arrow_c_array__`: the capsules of its schema and of its columns.
pub(crate) fn capsules(py: Python<'_>, batch: RecordBatch) -> PyResult<Bound<'_, PyTuple>> {
    let columns = StructArray::from(batch).into_data();
    let (array, schema) = to_ffi(&columns).map_err(|error| refused(&error))?;
    let schema = PyCapsule::new_with_value(py, schema, c"arrow_schema")?;
    let array = PyCapsule::new_with_value(py, array, c"arrow_array")?;
    PyTuple::new(py, [schema, array])
}

/// Hands the types of a batch to who reads `__arrow_c_schema__`.
pub(crate) fn schema<'py>(
    py: Python<'py>,
    batch: &RecordBatch,
) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(batch.schema().as_ref());
    PyCapsule::new_with_value(py, schema.map_err(|error| refused(&error))?, c"arrow_schema")
}

/// A column to be filled.
struct Filled<'a, T> {
    table: &'a T,
    name: &'a str,
    kind: &'a str,
    number: usize,
}

impl<T: Table> Filled<'_, T> {
    /// The values in the type that belongs to the kind.
    fn array(&self) -> PyResult<ArrayRef> {
        match self.kind {
            "uint" | "token_count" => self.numbers::<UInt32Type>(int),
            WEIGHT_KIND => self.numbers::<Int32Type>(int),
            "bigint" => self.numbers::<Int64Type>(int),
            "uint64" => self.numbers::<UInt64Type>(int),
            "timestamp" => {
                let timezone = |array| Ok(Arc::new(array) as ArrayRef);
                self.primitive::<TimestampSecondType>(int)
                    .map(|array| array.with_timezone("UTC"))
                    .and_then(timezone)
            }
            "float" => self.numbers::<Float32Type>(|cell| real(cell).map(|real| real as f32)),
            "double" => self.numbers::<Float64Type>(real),
            "bool" => self.truth_values(),
            "multi" => self.sets::<UInt32Type>(ints),
            "multi64" => self.sets::<Int64Type>(ints),
            "float_vector" => self.sets::<Float32Type>(reals),
            "string" | "json" | "json_field" => self.texts(),
            // Ranking factors, and what came later: bytes as they are.
            _ => Ok(Arc::new(self.bytes()?.finish())),
        }
    }

    fn numbers<A: ArrowPrimitiveType>(
        &self,
        read: impl Fn(&Cell<'_>) -> Option<A::Native>,
    ) -> PyResult<ArrayRef> {
        Ok(Arc::new(self.primitive::<A>(read)?))
    }

    fn primitive<A: ArrowPrimitiveType>(
        &self,
        read: impl Fn(&Cell<'_>) -> Option<A::Native>,
    ) -> PyResult<arrow_array::PrimitiveArray<A>> {
        let mut builder = PrimitiveBuilder::<A>::with_capacity(self.table.len());
        for row in 0..self.table.len() {
            match self.table.cell(row, self.number)? {
                Cell::Null => builder.append_null(),
                cell => builder.append_value(read(&cell).ok_or_else(|| self.misfit(row))?),
            }
        }
        Ok(builder.finish())
    }

    fn truth_values(&self) -> PyResult<ArrayRef> {
        let mut builder = BooleanBuilder::with_capacity(self.table.len());
        for row in 0..self.table.len() {
            match self.table.cell(row, self.number)? {
                Cell::Null => builder.append_null(),
                Cell::Int(value) => builder.append_value(value != 0),
                _ => return Err(self.misfit(row)),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    fn sets<A: ArrowPrimitiveType>(
        &self,
        read: impl Fn(&Cell<'_>) -> Option<Vec<A::Native>>,
    ) -> PyResult<ArrayRef> {
        let mut builder = LargeListBuilder::new(PrimitiveBuilder::<A>::new());
        for row in 0..self.table.len() {
            match self.table.cell(row, self.number)? {
                Cell::Null => builder.append_null(),
                cell => {
                    let values = read(&cell).ok_or_else(|| self.misfit(row))?;
                    builder.values().append_slice(&values);
                    builder.append(true);
                }
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    /// Texts; as bytes where one of them is not UTF-8, so that nothing is lost.
    fn texts(&self) -> PyResult<ArrayRef> {
        let bytes = self.bytes()?.finish();
        match LargeStringArray::try_from_binary(bytes.clone()) {
            Ok(texts) => Ok(Arc::new(texts)),
            Err(_) => Ok(Arc::new(bytes)),
        }
    }

    fn bytes(&self) -> PyResult<LargeBinaryBuilder> {
        let mut builder = LargeBinaryBuilder::with_capacity(self.table.len(), 0);
        for row in 0..self.table.len() {
            match self.table.cell(row, self.number)? {
                Cell::Null => builder.append_null(),
                Cell::Bytes(bytes) => builder.append_value(bytes),
                _ => return Err(self.misfit(row)),
            }
        }
        Ok(builder)
    }

    fn misfit(&self, row: usize) -> PyErr {
        let Self { name, kind, .. } = self;
        let text =
            format!("column '{name}' is of kind {kind}, which its value in row {row} is not");
        PyTypeError::new_err(text)
    }
}

/// The kind of the weights of matches, which are no column of the wire.
pub(crate) const WEIGHT_KIND: &str = "weight";

fn int<N: TryFrom<i128>>(cell: &Cell<'_>) -> Option<N> {
    match cell {
        Cell::Int(number) => N::try_from(*number).ok(),
        _ => None,
    }
}

fn real(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Real(number) => Some(*number),
        Cell::Int(number) => Some(*number as f64),
        _ => None,
    }
}

fn ints<N: TryFrom<i64>>(cell: &Cell<'_>) -> Option<Vec<N>> {
    match cell {
        Cell::Ints(numbers) => numbers.iter().map(|number| N::try_from(*number).ok()).collect(),
        // An empty list of a pickle has no type.
        Cell::Reals(numbers) if numbers.is_empty() => Some(Vec::new()),
        _ => None,
    }
}

fn reals(cell: &Cell<'_>) -> Option<Vec<f32>> {
    match cell {
        Cell::Reals(numbers) => Some(numbers.clone()),
        Cell::Ints(numbers) => Some(numbers.iter().map(|number| *number as f32).collect()),
        _ => None,
    }
}

fn refused(error: &ArrowError) -> PyErr {
    match error {
        ArrowError::MemoryError(text) => PyMemoryError::new_err(text.clone()),
        error => PyTypeError::new_err(error.to_string()),
    }
}
