//! Handing a route what it works with: its database, its settings.

use std::convert::Infallible;

use warp::Filter;

/// A filter that gives a handler a clone of `value`; put what is costly to clone in
/// an `Arc`.
pub fn with<T: Clone + Send + Sync>(value: T) -> impl Filter<Extract = (T,), Error = Infallible> + Clone {
    warp::any().map(move || value.clone())
}
