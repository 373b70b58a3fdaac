//! A visitor inside a gallery that they have opened. The one way in for pages.

use enprint_host_index::views::{Basket, Gallery, SessionId};
use enprint_web::{Page, WebError};

use crate::fault::Fault;
use crate::parts::frame::{self, Place, gallery_page};
use crate::protocol::ids::EventId;
use crate::visitor::Visitor;

/// What the pages of a gallery are drawn from.
pub(super) struct Inside {
    pub visitor: Visitor,
    pub session_id: SessionId,
    pub gallery: Gallery,
    pub basket: Basket,
}

impl Inside {
    /// Nothing where the visitor has not opened the gallery, or there is none.
    pub async fn enter(visitor: &Visitor, event_id: EventId) -> Result<Option<Self>, Fault> {
        if !visitor.may_see(&event_id) {
            return Ok(None);
        }
        let session_id = visitor.opened(&event_id)?;
        let Some(gallery) = visitor.index().gallery(event_id).await? else {
            return Ok(None);
        };
        let basket = visitor.index().basket(session_id, event_id).await?;
        Ok(Some(Self { visitor: visitor.clone(), session_id, gallery, basket }))
    }

    /// As [`Inside::enter`], for what no page can ask a code for.
    pub async fn insist(visitor: &Visitor, event_id: EventId) -> Result<Self, Fault> {
        Self::enter(visitor, event_id).await?.ok_or(WebError::NotFound.into())
    }

    pub fn event_id(&self) -> &EventId {
        &self.gallery.event.event_id
    }

    /// `/galleries/…`
    pub fn path(&self) -> String {
        frame::gallery_path(self.event_id())
    }

    /// An empty page of this gallery.
    pub fn page(&self, title: &str, place: Place) -> Page {
        gallery_page(&self.visitor, title, place, self.event_id(), &self.basket)
    }
}
