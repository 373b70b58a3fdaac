//! The values that go into a statement. Binds nothing: `session.rs` does.

/// A value for a placeholder (`$1`, `$2`, …). NULL keeps its type, because PostgreSQL
/// wants to know it. Make a list of them with [`args!`](crate::args).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// A whole number, or NULL. Booleans are 0 and 1 in both engines.
    Int(Option<i64>),
    /// Text, or NULL.
    Text(Option<String>),
    /// Bytes, or NULL.
    Bytes(Option<Vec<u8>>),
}

/// The values for a statement's placeholders, in order: `args![event_id, "reception", 3]`.
///
/// Takes whole numbers up to `u32` and `i64`, `bool`, text, bytes, and `Option`s of these.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        ::std::vec::Vec::<$crate::ledger::Arg>::from([$($crate::ledger::Arg::from($value)),*])
    };
}

macro_rules! arg_from {
    ($($from:ty => $kind:ident, $convert:expr;)*) => {$(
        impl From<$from> for Arg {
            fn from(value: $from) -> Self {
                Self::$kind(Some(($convert)(value)))
            }
        }

        impl From<Option<$from>> for Arg {
            fn from(value: Option<$from>) -> Self {
                Self::$kind(value.map($convert))
            }
        }
    )*};
}

arg_from! {
    i64 => Int, |v| v;
    i32 => Int, i64::from;
    u32 => Int, i64::from;
    u16 => Int, i64::from;
    u8 => Int, i64::from;
    bool => Int, i64::from;
    String => Text, |v| v;
    &str => Text, |v: &str| v.to_owned();
    &String => Text, |v: &String| v.clone();
    Vec<u8> => Bytes, |v| v;
    &Vec<u8> => Bytes, |v: &Vec<u8>| v.clone();
    &[u8] => Bytes, |v: &[u8]| v.to_vec();
}

impl<const N: usize> From<[u8; N]> for Arg {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

impl<const N: usize> From<&[u8; N]> for Arg {
    fn from(value: &[u8; N]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}
