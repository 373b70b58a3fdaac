//! Photos: the head of a gallery, the grid of thumbnails, one proof with its
//! neighbours, and the bar that keeps the basket in reach.

use maud::{Markup, html};

/// One thumbnail in the grid.
#[derive(Debug, Clone)]
pub struct Tile<'a> {
    /// The photo's page.
    pub href: &'a str,
    /// The thumbnail.
    pub src: &'a str,
    /// What it shows, for those who cannot see it; a file name at least.
    pub alt: &'a str,
    /// The thumbnail's width in pixels.
    pub width_px: u32,
    /// The thumbnail's height in pixels.
    pub height_px: u32,
    /// What is seen until the thumbnail is there: a colour, as `#a08060`; may be empty.
    pub tint: &'a str,
    /// What stands below, such as the file name; may be empty.
    pub caption: &'a str,
    /// What stands in its corner, such as `2 prints`; may be empty.
    pub mark: &'a str,
}

/// One proof on its page.
#[derive(Debug, Clone)]
pub struct Proof<'a> {
    /// The proof.
    pub src: &'a str,
    /// What it shows.
    pub alt: &'a str,
    /// Its width in pixels.
    pub width_px: u32,
    /// Its height in pixels.
    pub height_px: u32,
    /// The page of the photo before.
    pub before: Option<&'a str>,
    /// The page of the photo after.
    pub after: Option<&'a str>,
    /// Where in the gallery it stands, such as `12 of 240`.
    pub position: &'a str,
}

/// Width to height times 1000: what frames of the style sheet there are. The usual
/// formats of cameras and prints are exact; others lose a sliver at the edge.
const FRAMES: [u32; 17] =
    [500, 563, 667, 714, 750, 800, 900, 1000, 1111, 1250, 1333, 1400, 1500, 1600, 1778, 2000, 2500];

/// Photos in rows, every one whole and of the same height in its row; on a phone in
/// two columns on even mats.
pub fn photo_grid(tiles: &[Tile<'_>]) -> Markup {
    photo_grid_with(tiles, |_| Markup::default())
}

/// As [`photo_grid`], with what `below` gives for each place at the foot of its tile,
/// such as a button.
pub fn photo_grid_with(tiles: &[Tile<'_>], below: impl Fn(usize) -> Markup) -> Markup {
    html! {
        ul.grid {
            @for (place, tile) in tiles.iter().enumerate() { (tile.render(place, &below(place))) }
        }
    }
}

/// A proof, with ways to its neighbours.
pub fn proof_view(proof: &Proof<'_>) -> Markup {
    html! {
        figure.proof {
            div.mat {
                img src=(proof.src) alt=(proof.alt) width=(proof.width_px) height=(proof.height_px)
                    fetchpriority="high" decoding="async";
            }
            figcaption {
                @match proof.before {
                    Some(href) => a.button rel="prev" href=(href) { span aria-hidden="true" { "←" } " Previous" },
                    None => span {},
                }
                span.position { (proof.position) }
                @match proof.after {
                    Some(href) => a.button rel="next" href=(href) { "Next " span aria-hidden="true" { "→" } },
                    None => span {},
                }
            }
        }
    }
}

/// The head of a gallery: its name, a line below it such as date and photographer,
/// and a few sentences; both may be empty.
pub fn masthead(title: &str, line: &str, text: &str) -> Markup {
    html! {
        header.masthead {
            @if !line.is_empty() { p.line { (line) } }
            h1 { (title) }
            @if !text.is_empty() { p.text { (text) } }
        }
    }
}

/// The basket at the foot of the screen: what is in it, and the way there.
pub fn basket_bar(summary: &str, href: &str, label: &str) -> Markup {
    html! {
        aside.basket-bar aria-label="Basket" {
            div {
                p { (summary) }
                a.button.main href=(href) { (label) }
            }
        }
    }
}

impl Tile<'_> {
    /// Photos below the first screen load when they come near.
    fn render(&self, place: usize, below: &Markup) -> Markup {
        let loading = if place < 12 { "eager" } else { "lazy" };
        html! {
            li class={ "tile frame-" (frame(self.width_px, self.height_px)) } {
                a href=(self.href) {
                    span.mat {
                        (self.tinted())
                        img src=(self.src) alt=(self.alt) width=(self.width_px) height=(self.height_px)
                            loading=(loading) decoding="async";
                    }
                    @if !self.caption.is_empty() { span.caption { (self.caption) } }
                }
                @if !self.mark.is_empty() { span.mark { (self.mark) } }
                (below)
            }
        }
    }

    /// An area of the thumbnail's shape behind it. Our policy forbids styles in a page,
    /// but not the attributes of a drawing.
    fn tinted(&self) -> Markup {
        let shape = format!("0 0 {} {}", self.width_px, self.height_px);
        html! {
            @if !self.tint.is_empty() {
                svg.tint viewBox=(shape) aria-hidden="true" { rect width="100%" height="100%" fill=(self.tint) {} }
            }
        }
    }
}

/// The frame nearest to a photo's proportions.
fn frame(width_px: u32, height_px: u32) -> u32 {
    let ratio = u64::from(width_px).saturating_mul(1000) / u64::from(height_px.max(1));
    let nearest = FRAMES.iter().min_by_key(|frame| u64::from(**frame).abs_diff(ratio));
    nearest.copied().unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_has_its_rule() {
        let css = include_str!("../../assets/gallery.css");
        for frame in FRAMES {
            assert!(css.contains(&format!(".frame-{frame} ")), "{frame}");
        }
        assert_eq!(frame(320, 213), 1500);
        assert_eq!(frame(213, 320), 667);
        assert_eq!(frame(1, 0), 1000);
        assert_eq!(frame(u32::MAX, 1), 2500);
    }
}
