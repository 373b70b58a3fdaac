//! The site's own style sheet and script, beside the shared ones.

use enprint_web::Asset;

/// How the parts look that only customers see.
pub static SHOP_STYLE: Asset = Asset::new("shop", "css", include_bytes!("../../assets/shop.css"));

/// Arrow keys, the crop shown on the proof, and quick adding without a new page.
/// Every page is whole without it.
pub static SHOP_SCRIPT: Asset = Asset::new("shop", "js", include_bytes!("../../assets/shop.js"));

/// What this site serves under `/assets/` beside the shared files.
pub static SHOP_ASSETS: [&Asset; 2] = [&SHOP_STYLE, &SHOP_SCRIPT];
