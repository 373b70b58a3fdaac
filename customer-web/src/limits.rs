//! Every bound of the customers' pages and API that is not the shared ones of
//! `enprint-web`, each with its reason.

/// Photos on a page of a gallery: five screens of a phone, and quick to load.
pub const PAGE_PHOTOS: u32 = 60;
/// Pages that a bookmark may ask for; the database brings it into the gallery's range.
pub const PAGE_NUMBER_MAX: u32 = 1_000_000;
/// From here on a print looks as good as eyes can tell.
pub const PPI_EXCELLENT_MIN: u32 = 250;
/// From here on nobody complains.
pub const PPI_GOOD_MIN: u32 = 150;
/// Below this single pixels show at arm's length.
pub const PPI_FAIR_MIN: u32 = 100;
/// Below this the pages sell no print: it would be sent back.
pub const PPI_SOLD_MIN: u32 = 75;
/// What a cut or a border has to be at least, in thousandths of an edge, to be worth
/// a word. Less is within what a lab's paper guides vary by.
pub const CUT_TOLD_MIN: u32 = 10;
/// Galleries listed on the welcome page; each costs a look-up. More are on the
/// account's page.
pub const GALLERIES_SHOWN_MAX: usize = 12;
/// After so long without a word from the photographer's node, in milliseconds, the
/// gallery says so: a day, for laptops sleep at night.
pub const NODE_QUIET_MS: i64 = 24 * 60 * 60 * 1000;
/// Different photos that an order's page shows pictures of; each costs a look-up.
pub const ORDER_PICTURES_MAX: usize = 60;
/// Seconds between two looks of an order's page: people wait for days, not for seconds.
pub const ORDER_LIVE_S: u32 = 10;
/// An `Authorization` header that is read: a token has 64 letters.
pub const BEARER_BYTES_MAX: usize = 200;
/// What a form's field may hold before it is cut for being shown again. Above every
/// limit of a field, so that nothing that could be right is lost.
pub const SHOWN_AGAIN_BYTES_MAX: usize = 8 * 1024;
/// Lines that one JSON request may bring, before the database counts them itself:
/// an order has at most 500.
pub const API_LINES_MAX: usize = 500;
/// The largest amount that a JSON request may name, in minor units: what every reader
/// of JSON holds exactly. The largest order comes to less.
pub const API_AMOUNT_MINOR_MAX: i64 = (1 << 53) - 1;
/// Of the name of a field that there is not, so many characters are repeated in the
/// refusal: enough to find it.
pub const API_NAME_SHOWN_CHARS_MAX: usize = 40;
/// Characters of a caption that stand for a picture: screen readers read them all.
pub const ALT_CHARS_MAX: usize = 200;
