//! What stands before the routes and after them: who asks, whether another site made
//! the request, the time it may take, the page of an error, the shared headers.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

use super::body::{PacedBody, ServedBody};
use super::pace::Pace;
use super::room::Serving;
use crate::address::ClientAddress;
use crate::error::WebError;
use crate::limits::Limits;
use crate::site::Site;
use crate::visit::Visit;
use crate::{cookie, csrf, error_page, headers};

type Routes = dyn Fn(Request<PacedBody>) -> BoxFuture<'static, Response> + Send + Sync;

/// The routes with what surrounds them.
pub(crate) struct Front {
    routes: Box<Routes>,
    site: Site,
    limits: Limits,
}

/// What of a request its answer depends on.
struct Asked {
    method: Method,
    wants_json: bool,
    if_none_match: Option<String>,
    visit: Visit,
}

impl Front {
    pub(crate) fn new<F, R>(routes: F, site: Site, limits: Limits) -> Arc<Self>
    where
        F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        R: Reply + 'static,
    {
        let routes = routes
            .map(Reply::into_response)
            .recover(|rejection: Rejection| async move {
                Ok::<_, Rejection>(WebError::from_rejection(&rejection).into_response())
            })
            .unify()
            .boxed();
        let service = TowerToHyperService::new(warp::service(routes));
        let routes = Box::new(move |request| -> BoxFuture<'static, Response> {
            let answer = service.call(request);
            async move {
                match answer.await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            }
            .boxed()
        });
        Arc::new(Self { routes, site, limits })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The answer to a request, whatever happens on the way to it.
    pub(crate) async fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: IpAddr,
        serving: Serving,
    ) -> http::Response<ServedBody<impl hyper::body::Body<Data = bytes::Bytes, Error = warp::Error> + use<>>> {
        let client = ClientAddress::behind(peer, request.headers(), &self.limits.trusted_proxies);
        let asked = Asked::of(&request, &self.site);
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(asked.visit.clone());
        let response = match csrf::check_origin(&asked.method, request.headers(), &self.site) {
            Ok(()) => self.routed(request).await,
            Err(error) => error.into_response(),
        };
        let response = self.finished(response, &asked);
        response.map(|body| ServedBody::new(body, serving))
    }

    /// Through the routes: within the deadline, and a panic is an answer too.
    async fn routed(&self, mut request: Request<Incoming>) -> Response {
        if *request.method() == Method::HEAD {
            *request.method_mut() = Method::GET;
        }
        let pace = Pace::new(self.limits.body_grace, self.limits.body_bytes_per_s);
        let request = request.map(|body| PacedBody::new(body, pace));
        let answer = AssertUnwindSafe((self.routes)(request)).catch_unwind();
        match tokio::time::timeout(self.limits.request_deadline, answer).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => WebError::internal("a handler panicked", "the panic is logged above").into_response(),
            Err(_) => {
                tracing::warn!("a request was not answered within its deadline");
                WebError::Unavailable.into_response()
            }
        }
    }

    fn finished(&self, response: Response, asked: &Asked) -> Response {
        let mut response = match response.extensions().get::<WebError>() {
            Some(error) => error_page::draw(error, asked.wants_json, &asked.method, &self.site),
            None => response,
        };
        if asked.has_already(response.headers()) && response.status() == StatusCode::OK {
            response = without_body(response);
        }
        headers::secure(response.headers_mut(), &self.site);
        if let Some(line) = asked.visit.set_cookie(&self.site) {
            response.headers_mut().append(SET_COOKIE, line);
        }
        response
    }
}

impl Asked {
    fn of(request: &Request<Incoming>, site: &Site) -> Self {
        let headers = request.headers();
        let known = headers.get(IF_NONE_MATCH).and_then(|it| it.to_str().ok());
        Self {
            method: request.method().clone(),
            wants_json: error_page::wants_json(request.uri(), headers),
            if_none_match: known.map(str::to_owned),
            visit: Visit::new(cookie::read(headers, site)),
        }
    }

    /// Whether the browser holds these very bytes.
    fn has_already(&self, answer: &HeaderMap) -> bool {
        let (Some(known), Some(etag)) = (&self.if_none_match, answer.get(ETAG)) else {
            return false;
        };
        let mut tags = known.split(',').map(|tag| tag.trim());
        self.method.is_safe() && tags.any(|tag| tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes())
    }
}

fn without_body(response: Response) -> Response {
    let mut empty = StatusCode::NOT_MODIFIED.into_response();
    *empty.headers_mut() = response.headers().clone();
    empty.headers_mut().remove(CONTENT_TYPE);
    empty.headers_mut().remove(CONTENT_LENGTH);
    empty
}
