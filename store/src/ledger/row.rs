//! A row of an answer, with getters that name the column when it is not as expected.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::error::StoreError;

/// A row of an answer. Columns are asked for by name; give computed ones a name
/// (`COUNT(*) AS photos`).
pub struct Row(pub(super) EngineRow);

pub(super) enum EngineRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The column as `i64`, `bool`, `String`, `Vec<u8>`, or an `Option` of one, which
    /// is `None` where the row holds NULL.
    ///
    /// # Errors
    /// [`StoreError::ColumnUnexpected`] when the column is missing or of another type.
    pub fn get<T: Column>(&self, column: &str) -> Result<T, StoreError> {
        T::read(self, column).map_err(|source| StoreError::ColumnUnexpected { column: column.to_owned(), source })
    }

    /// The column as a whole number. In PostgreSQL a `SUM` of them is a NUMERIC: write
    /// `CAST(SUM(x) AS BIGINT)`, which both engines understand.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.get(column)
    }

    /// The column as text.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn text(&self, column: &str) -> Result<String, StoreError> {
        self.get(column)
    }

    /// The column as bytes.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.get(column)
    }
}

/// What a column can be read as; see [`Row::get`].
pub trait Column: Sized + sealed::Sealed {
    #[doc(hidden)]
    fn read(row: &Row, column: &str) -> Result<Self, sqlx::Error>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i64 {}
    impl Sealed for bool {}
    impl Sealed for String {}
    impl Sealed for Vec<u8> {}
    impl<T: Sealed> Sealed for Option<T> {}
}

macro_rules! plain_column {
    ($($kind:ty),*) => {$(
        impl Column for $kind {
            fn read(row: &Row, column: &str) -> Result<Self, sqlx::Error> {
                match &row.0 {
                    EngineRow::Sqlite(row) => row.try_get(column),
                    EngineRow::Postgres(row) => row.try_get(column),
                }
            }
        }
    )*};
}

plain_column!(String, Option<String>, Vec<u8>, Option<Vec<u8>>);

impl Column for Option<i64> {
    fn read(row: &Row, column: &str) -> Result<Self, sqlx::Error> {
        match &row.0 {
            EngineRow::Sqlite(row) => row.try_get(column),
            // PostgreSQL computes small numbers (`SELECT 1`) as INT4.
            EngineRow::Postgres(row) => row.try_get(column).or_else(|error| {
                let small: Option<i32> = row.try_get(column).map_err(|_| error)?;
                Ok(small.map(i64::from))
            }),
        }
    }
}

impl Column for i64 {
    fn read(row: &Row, column: &str) -> Result<Self, sqlx::Error> {
        Option::<i64>::read(row, column)?.ok_or_else(|| sqlx::Error::ColumnDecode {
            index: column.to_owned(),
            source: Box::new(sqlx::error::UnexpectedNullError),
        })
    }
}

impl Column for bool {
    fn read(row: &Row, column: &str) -> Result<Self, sqlx::Error> {
        // A comparison is a BOOLEAN in PostgreSQL and a number in SQLite.
        if let EngineRow::Postgres(row) = &row.0
            && let Ok(truth) = row.try_get::<bool, _>(column)
        {
            return Ok(truth);
        }
        Ok(i64::read(row, column)? != 0)
    }
}
