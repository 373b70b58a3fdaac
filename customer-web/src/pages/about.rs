//! What the site says of itself: to visitors what it keeps of them, to machines
//! whether it works.

use enprint_web::{Form, Page, html};
use warp::reply::Reply;

use crate::fault::Fault;
use crate::parts::frame::{Place, page};
use crate::visitor::{Shop, Visitor};
use crate::words;

/// What this site keeps of its visitors, and for how long.
pub async fn show(_: Form, visitor: Visitor) -> Result<Page, Fault> {
    let page = page(&visitor, "What this site keeps of you", Place::Elsewhere);
    Ok(page.main(html! {
        h1 { "What this site keeps of you" }
        p {
            "No advertising, no counting of visitors, nothing from other sites. "
            "Nothing that you look at is passed on to anybody."
        }
        h2 { "One cookie" }
        p {
            "It holds a random number, so that this site knows which galleries you have opened and what is in your "
            "basket. It ends 30 days after your last visit. If you have only looked at the first page, the site "
            "forgets you after a day."
        }
        h2 { "Your photos" }
        p {
            "This site shows small pictures of the photos. The originals are with the photographer, who sends only "
            "those that you order to the lab that prints them. " (words::way_to_lab(visitor.shop.passes_files_on()))
            " The pictures’ files do not say where they were taken, and search engines are kept out."
        }
        h2 { "Your order" }
        p {
            "The photographer gets your name, your e-mail address, your order and, for post, your address. The lab "
            "gets what it needs to print and send your order, but not your e-mail address. An order’s page opens "
            "for everybody who has its address; it is long and random, so that nobody can guess it."
        }
        h2 { "An account, if you want one" }
        p {
            "Nobody needs one. It remembers your galleries and orders from one device to the next. Of your password "
            "only a fingerprint is kept, from which it can’t be told."
        }
    }))
}

/// For whoever watches over the host: `ok` while its database answers.
pub async fn health(shop: Shop) -> Result<impl Reply, Fault> {
    // No token hashes to nothing but zeros: the database looks, and finds none.
    shop.index().session([0; 32]).await?;
    Ok("ok")
}
