//! The verbs of the pages for programs, as JSON below `/api/v1`. Owns no rule of the
//! trade and no session: what may be seen is the visitor's and the database's.
//! `docs/http-api.md` has every field, and an example to copy.
//!
//! | verb | below `/api/v1` | does |
//! |---|---|---|
//! | `POST` | `open` | access code → the gallery and a token; adds to the token that was sent |
//! | `GET` | `galleries` | the galleries that this token has opened |
//! | `GET` | `galleries/E` | an event with its categories and price list |
//! | `GET` | `galleries/E/photos` | a page of photos: `page`, `page_size`, `category`, `q` |
//! | `GET` | `galleries/E/photos/P` | one with its neighbours: `category`, `q` |
//! | `GET` | `galleries/E/basket` | the basket with today's prices |
//! | `PUT` | `galleries/E/basket` | puts these lines in place of it, or changes nothing |
//! | `POST` | `galleries/E/basket` | adds one line; the same print grows |
//! | `DELETE` | `galleries/E/basket` | empties it |
//! | `POST` | `galleries/E/orders` | places an order: 201, and 200 when its key was sent before |
//! | `GET` | `orders` | the orders of this token and of its account |
//! | `GET` | `orders/T` | one order by its own token, which is all that it takes |
//! | `GET`, `POST` | `account` | looks at the account; makes one |
//! | `POST` | `account/log-in`, `account/log-out` | gives a token that is logged in; ends it |
//! | `PUT` | `account/password` | changes it, and logs every other token out |
//!
//! A token goes into `Authorization: Bearer …`. Without one that is valid the answer
//! is 401; a gallery that it has not opened is 404, as if it were not there.
//!
//! Errors are `{"error": {"code", "message", "field"}}`: `code` is for programs,
//! `message` for people, `field` names what to put right, or is null. What is unknown,
//! in a body or in a query of photos, is refused; nothing is passed over.

mod account;
mod basket;
mod fields;
mod galleries;
mod open;
mod orders;
mod shapes;

use enprint_host_index::views::OrderToken;
use enprint_web::{Form, json_body, query_form};
use warp::filters::BoxedFilter;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection, delete, get, path, post, put};

use crate::fault::Fault;
use crate::protocol::ids::{EventId, PhotoId};
use crate::visitor::{Shop, Visitor, visitor};
use fields::Fields;

/// What can be asked, with a query at most.
macro_rules! asked {
    ($shop:ident, $method:ident, [$($path:tt)*], $handler:path) => {
        path!("api" / "v1" / $($path)*).and($method()).and(query($shop)).then($handler).map(answered).boxed()
    };
}

/// What can be sent, with a JSON body.
macro_rules! sent {
    ($shop:ident, $method:ident, [$($path:tt)*], $handler:path) => {
        path!("api" / "v1" / $($path)*).and($method()).and(body($shop)).then($handler).map(answered).boxed()
    };
}

/// Everything below `/api/v1`.
pub fn routes(shop: &Shop) -> BoxedFilter<(Response,)> {
    let all = [
        sent!(shop, post, ["open"], open::open),
        asked!(shop, get, ["galleries"], galleries::list),
        asked!(shop, get, ["galleries" / EventId], galleries::show),
        asked!(shop, get, ["galleries" / EventId / "photos"], galleries::photos),
        asked!(shop, get, ["galleries" / EventId / "photos" / PhotoId], galleries::photo),
        asked!(shop, get, ["galleries" / EventId / "basket"], basket::show),
        sent!(shop, put, ["galleries" / EventId / "basket"], basket::replace),
        sent!(shop, post, ["galleries" / EventId / "basket"], basket::add),
        asked!(shop, delete, ["galleries" / EventId / "basket"], basket::empty),
        sent!(shop, post, ["galleries" / EventId / "orders"], orders::place),
        asked!(shop, get, ["orders"], orders::list),
        asked!(shop, get, ["orders" / OrderToken], orders::show),
        asked!(shop, get, ["account"], account::show),
        sent!(shop, post, ["account"], account::create),
        sent!(shop, post, ["account" / "log-in"], account::log_in),
        asked!(shop, post, ["account" / "log-out"], account::log_out),
        sent!(shop, put, ["account" / "password"], account::change_password),
    ];
    let nothing = warp::any().and_then(|| async { Err(warp::reject::not_found()) }).boxed();
    all.into_iter().fold(nothing, |all, route| all.or(route).unify().boxed())
}

fn query(shop: &Shop) -> impl Filter<Extract = (Form, Visitor), Error = Rejection> + Clone + use<> {
    query_form().and(visitor(shop))
}

fn body(shop: &Shop) -> impl Filter<Extract = (Fields, Visitor), Error = Rejection> + Clone + use<> {
    json_body::<Fields>().and(visitor(shop))
}

fn answered(outcome: Result<Response, Fault>) -> Response {
    outcome.map_or_else(Fault::into_json, Reply::into_response)
}
