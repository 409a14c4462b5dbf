//! What goes into statements and comes out of rows: the five kinds of values that both databases know. Truth is an integer, ids are bytes.

use uuid::Uuid;

use super::{Error, Result};

/// A value, borrowed from a parameter or a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ValueRef<'a> {
    /// None.
    Null,
    /// A number, or truth: 0 is false.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// A text.
    Text(&'a str),
    /// Bytes, ids among them.
    Blob(&'a [u8]),
}

impl<'a> ValueRef<'a> {
    /// The text that it has to be.
    pub(crate) fn as_str(self) -> Result<&'a str> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.unexpected("a text")),
        }
    }

    /// The text, where it is not empty.
    pub(crate) fn as_str_or_null(self) -> Result<Option<&'a str>> {
        match self {
            Self::Null => Ok(None),
            other => other.as_str().map(Some),
        }
    }

    /// What is told of it: its kind, nothing of what it holds.
    fn unexpected(self, wanted: &str) -> Error {
        let kind = match self {
            Self::Null => "nothing",
            Self::Integer(_) => "a number",
            Self::Real(_) => "a fraction",
            Self::Text(_) => "a text",
            Self::Blob(_) => "bytes",
        };
        Error::Unexpected(format!("{kind} where {wanted} should be"))
    }
}

/// What can be a parameter.
pub(crate) trait ToSql {
    /// Its value.
    fn value(&self) -> ValueRef<'_>;
}

/// What a column can be read as.
pub(crate) trait FromSql: Sized {
    /// Reads a column.
    ///
    /// # Errors
    /// It holds something else.
    fn read(value: ValueRef<'_>) -> Result<Self>;
}

macro_rules! integers {
    ($($kind:ty)*) => {$(
        impl FromSql for $kind {
            fn read(value: ValueRef<'_>) -> Result<Self> {
                let number = i64::read(value)?;
                number.try_into().map_err(|_| Error::Unexpected(format!("{number} is out of range")))
            }
        }
    )*};
}
integers!(u8 u16 u32 i32);

macro_rules! small_integers {
    ($($kind:ty)*) => {$(
        impl ToSql for $kind {
            fn value(&self) -> ValueRef<'_> {
                ValueRef::Integer((*self).into())
            }
        }
    )*};
}
small_integers!(bool u8 u16 u32 i32 i64);

impl FromSql for i64 {
    fn read(value: ValueRef<'_>) -> Result<Self> {
        match value {
            ValueRef::Integer(number) => Ok(number),
            other => Err(other.unexpected("a number")),
        }
    }
}

impl FromSql for bool {
    fn read(value: ValueRef<'_>) -> Result<Self> {
        i64::read(value).map(|number| number != 0)
    }
}

impl FromSql for f64 {
    fn read(value: ValueRef<'_>) -> Result<Self> {
        match value {
            ValueRef::Real(number) => Ok(number),
            other => Err(other.unexpected("a fraction")),
        }
    }
}

impl FromSql for String {
    fn read(value: ValueRef<'_>) -> Result<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromSql for Vec<u8> {
    fn read(value: ValueRef<'_>) -> Result<Self> {
        match value {
            ValueRef::Blob(bytes) => Ok(bytes.to_vec()),
            other => Err(other.unexpected("bytes")),
        }
    }
}

impl<const N: usize> FromSql for [u8; N] {
    fn read(value: ValueRef<'_>) -> Result<Self> {
        match value {
            ValueRef::Blob(bytes) => bytes.try_into().map_err(|_| Error::Unexpected(format!("{} bytes, not {N}", bytes.len()))),
            other => Err(other.unexpected("bytes")),
        }
    }
}

impl FromSql for Uuid {
    fn read(value: ValueRef<'_>) -> Result<Self> {
        <[u8; 16]>::read(value).map(Self::from_bytes)
    }
}

impl<T: FromSql> FromSql for Option<T> {
    fn read(value: ValueRef<'_>) -> Result<Self> {
        match value {
            ValueRef::Null => Ok(None),
            other => T::read(other).map(Some),
        }
    }
}

impl ToSql for f64 {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Real(*self)
    }
}

impl ToSql for str {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}

impl ToSql for String {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}

impl ToSql for [u8] {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
}

impl<const N: usize> ToSql for [u8; N] {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
}

impl ToSql for Vec<u8> {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
}

impl ToSql for Uuid {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self.as_bytes())
    }
}

impl<T: ToSql> ToSql for Option<T> {
    fn value(&self) -> ValueRef<'_> {
        self.as_ref().map_or(ValueRef::Null, T::value)
    }
}

impl<T: ToSql + ?Sized> ToSql for &T {
    fn value(&self) -> ValueRef<'_> {
        T::value(self)
    }
}

/// The parameters of one statement, in their order.
pub(crate) trait Params {
    /// Hands over their values.
    fn bind<T>(&self, take: impl FnOnce(&[ValueRef<'_>]) -> T) -> T;
}

impl Params for [ValueRef<'_>; 0] {
    fn bind<T>(&self, take: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
        take(&[])
    }
}

impl Params for &[&dyn ToSql] {
    fn bind<T>(&self, take: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
        /// Parameters that need no list on the heap: more than nearly every statement has.
        const FEW: usize = 16;
        if self.len() > FEW {
            return take(&self.iter().map(|value| value.value()).collect::<Vec<_>>());
        }
        let mut values = [ValueRef::Null; FEW];
        values.iter_mut().zip(*self).for_each(|(place, value)| *place = value.value());
        take(&values[..self.len()])
    }
}

// Not for 0 as well: the kind of the elements of `[]` could not be told.
macro_rules! arrays {
    ($($length:literal)*) => {$(
        impl<V: ToSql> Params for [V; $length] {
            fn bind<T>(&self, take: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
                take(&self.each_ref().map(V::value))
            }
        }
    )*};
}
arrays!(1 2 3 4);

/// Parameters of different kinds.
macro_rules! params {
    () => { [] };
    ($($value:expr),+ $(,)?) => { &[$(&$value as &dyn $crate::store::sql::ToSql),+][..] };
}
pub(crate) use params;
