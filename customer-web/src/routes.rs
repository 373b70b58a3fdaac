//! Every address of the site, on one screen. What stands behind each is in `pages`
//! and `api`; no rule is here but that whatever changes something has to come from
//! a form of this site.

use enprint_host_index::views::OrderToken;
use enprint_web::{Form, WebError, assets, form_body, query_form, with};
use warp::filters::BoxedFilter;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection, get, path, post};

use crate::pages::{about, account, basket, checkout, front, gallery, order, orders, photo, picture};
use crate::parts::assets::SHOP_ASSETS;
use crate::protocol::ids::{EventId, PhotoId};
use crate::visitor::{Shop, Visitor, visitor};

/// A page: what stands in its path, then its query, then the visitor.
macro_rules! page {
    ($shop:ident, [$($path:tt)*], $handler:path) => {
        path!($($path)*).and(get()).and(query_form()).and(visitor($shop)).then($handler).map(Reply::into_response).boxed()
    };
}

/// A form that was sent: what stands in its path, then its fields, then the visitor.
macro_rules! form {
    ($shop:ident, [$($path:tt)*], $handler:path) => {
        path!($($path)*).and(post()).and(meant($shop)).then($handler).map(Reply::into_response).boxed()
    };
}

/// Everything that the site answers.
pub fn all(shop: &Shop) -> impl Filter<Extract = (impl Reply + use<>,), Error = Rejection> + Clone + use<> {
    let general = any_of([
        page!(shop, [], front::show),
        form!(shop, ["open"], front::open),
        page!(shop, ["about"], about::show),
        page!(shop, ["orders"], orders::show),
        page!(shop, ["orders" / OrderToken], order::show),
        page!(shop, ["orders" / OrderToken / "live"], order::live),
        page!(shop, ["account"], account::show),
        form!(shop, ["account" / "log-in"], account::log_in),
        page!(shop, ["account" / "create"], account::new),
        form!(shop, ["account" / "create"], account::create),
        form!(shop, ["account" / "password"], account::change_password),
        form!(shop, ["account" / "log-out"], account::log_out),
    ]);
    let gallery = any_of([
        page!(shop, ["galleries" / EventId], gallery::show),
        page!(shop, ["galleries" / EventId / "photos" / PhotoId], photo::show),
        page!(shop, ["galleries" / EventId / "photos" / PhotoId / "thumbnail.jpg"], picture::thumbnail),
        page!(shop, ["galleries" / EventId / "photos" / PhotoId / "proof.jpg"], picture::proof),
        page!(shop, ["galleries" / EventId / "basket"], basket::show),
        form!(shop, ["galleries" / EventId / "basket"], basket::add),
        form!(shop, ["galleries" / EventId / "basket" / "set"], basket::set),
        form!(shop, ["galleries" / EventId / "basket" / "empty"], basket::empty),
        page!(shop, ["galleries" / EventId / "checkout"], checkout::show),
        form!(shop, ["galleries" / EventId / "orders"], checkout::place),
    ]);
    let health = path!("health").and(get()).and(with(shop.clone())).then(about::health);
    gallery.or(general).unify().or(crate::api::routes(shop)).unify().or(assets(&SHOP_ASSETS)).unify().or(health)
}

/// A form and who sent it, if it came from a page of this very visitor.
fn meant(shop: &Shop) -> impl Filter<Extract = (Form, Visitor), Error = Rejection> + Clone + use<> {
    form_body()
        .and(visitor(shop))
        .and_then(|form: Form, visitor: Visitor| async move {
            match visitor.visit.check_csrf(&form) {
                Ok(()) => Ok((form, visitor)),
                Err(error) => Err(warp::reject::custom::<WebError>(error)),
            }
        })
        .untuple_one()
}

/// The first route that fits. Boxed, or each `or` would double what the compiler has
/// to look at.
fn any_of<const N: usize>(routes: [BoxedFilter<(Response,)>; N]) -> BoxedFilter<(Response,)> {
    let nothing = warp::any().and_then(|| async { Err(warp::reject::not_found()) }).boxed();
    routes.into_iter().fold(nothing, |all, route| all.or(route).unify().boxed())
}
