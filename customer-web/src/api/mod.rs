//! The verbs of the pages for programs, as JSON below `/api/v1`. `docs/http-api.md`
//! has an example.
//!
//! | | |
//! |---|---|
//! | `POST open` | access code → token |
//! | `GET galleries`, `galleries/E` | what this token has opened; an event with its price list |
//! | `GET galleries/E/photos`, `…/photos/P` | a page of photos; one with its neighbours |
//! | `GET`, `PUT`, `POST`, `DELETE galleries/E/basket` | look; replace; add a line; empty |
//! | `POST galleries/E/orders` | place: once for each idempotency key |
//! | `GET orders`, `orders/T` | this token's orders; one by its own token |
//! | `GET`, `POST account`, `POST account/log-in`, `POST account/log-out`, `PUT account/password` | an account |
//!
//! A token goes in `Authorization: Bearer …`. Errors are
//! `{"error": {"code", "message", "field"}}` with a 4xx; the sentence in `message` is for
//! people. Unknown fields are refused.

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
