//! What the verbs of [`crate::Index`] take and give: plain values, no handle, no SQL.

mod basket;
mod customer;
mod gallery;
mod operator;
mod order;
mod status;

pub use basket::{Basket, BasketLine, Choice, LineProblem};
pub use customer::{Account, AccountId, Session, SessionId, SessionKey};
pub use gallery::{
    Gallery, PageRequest, PhotoFilter, PhotoPage, PhotoRow, PhotoView, PhotoWords, Rendition, RenditionKind,
    RenditionSize,
};
pub use operator::{Counts, EventSummary, PeerState, PeerView};
pub use order::{
    Chosen, OrderState, OrderSummary, OrderToken, OrderView, PlaceOrder, Placed, Said, Step, StepKind, Tracking, Waits,
};
pub(crate) use status::seconds;
pub use status::{HostProcess, HostStatus, WaitingOrder};
