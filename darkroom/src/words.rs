//! What a block of metadata says, cleaned and bounded, and which block is believed.
//! Texts are shown to customers: no control characters, none that turn the direction
//! of what follows, no words that a camera wrote in a person's place.

use crate::captured::Captured;
use crate::exposure::Exposure;
use crate::limits::{
    AUTHOR_CHARS_MAX, CAMERA_NAME_CHARS_MAX, CAPTION_CHARS_MAX, KEYWORD_CHARS_MAX, KEYWORDS_MAX, TEXT_BYTES_MAX,
};

/// What one block says, or several together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Written {
    pub captured: Option<Captured>,
    pub camera_make: Option<String>,
    pub camera_model: Option<String>,
    pub lens: Option<String>,
    pub exposure: Exposure,
    pub author: Option<String>,
    pub caption: Option<String>,
    pub keywords: Vec<String>,
    /// 0 to 5 stars, or -1 for rejected.
    pub rating: Option<i8>,
}

impl Written {
    /// EXIF's block together with the other two: EXIF first for what the camera
    /// measured; XMP, IPTC, EXIF for what people wrote.
    pub(crate) fn with_words_of(self, xmp: Self, iptc: Self) -> Self {
        let captured = self.captured.or(xmp.captured).or(iptc.captured);
        let others = [xmp.captured, iptc.captured].into_iter().flatten();
        Self {
            captured: captured.map(|at| others.fold(at, Captured::with_zone_of)),
            camera_make: self.camera_make.or(xmp.camera_make),
            camera_model: self.camera_model.or(xmp.camera_model),
            lens: self.lens.or(xmp.lens),
            exposure: self.exposure.or(xmp.exposure),
            author: xmp.author.or(iptc.author).or(self.author),
            caption: xmp.caption.or(iptc.caption).or(self.caption),
            keywords: [xmp.keywords, iptc.keywords, self.keywords]
                .into_iter()
                .find(|words| !words.is_empty())
                .unwrap_or_default(),
            rating: xmp.rating.or(self.rating),
        }
    }
}

/// A camera's or a lens's name; None when blank.
pub(crate) fn name(text: &str) -> Option<String> {
    line(text, CAMERA_NAME_CHARS_MAX)
}

/// One or several authors' names; None when there are none.
pub(crate) fn author<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Option<String> {
    let names = names.into_iter().filter_map(|name| line(name.as_ref(), AUTHOR_CHARS_MAX));
    line(&names.take(KEYWORDS_MAX).collect::<Vec<_>>().join(", "), AUTHOR_CHARS_MAX)
}

/// A caption: lines of text, at most one blank line between them. None when it is
/// blank, or what cameras put there by themselves.
pub(crate) fn caption(text: &str) -> Option<String> {
    let text = bounded(text).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = text.split('\n').map(joined).collect::<Vec<_>>();
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    let kept = cut(lines.join("\n").trim(), CAPTION_CHARS_MAX);
    (!kept.is_empty() && !is_empty_word(&kept) && !is_camera_made(&kept)).then_some(kept)
}

/// Keywords, each once whatever its case, in their order.
pub(crate) fn keywords<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut kept = Vec::<String>::new();
    for word in words.into_iter().filter_map(|word| line(word.as_ref(), KEYWORD_CHARS_MAX)) {
        let is_new = !kept.iter().any(|before| before.to_lowercase() == word.to_lowercase());
        if is_new && kept.len() < KEYWORDS_MAX {
            kept.push(word);
        }
    }
    kept
}

/// Text of a block that does not say how it is written: UTF-8 if it can be, and
/// otherwise what Windows writes in Western Europe.
pub(crate) fn decoded(bytes: &[u8]) -> String {
    let bytes = bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes);
    let Err(error) = std::str::from_utf8(bytes) else {
        return String::from_utf8_lossy(bytes).into_owned();
    };
    let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
    // A character that was cut at the end of the field, of a text that has whole ones.
    if error.error_len().is_none() && !before.is_ascii() {
        return String::from_utf8_lossy(before).into_owned();
    }
    bytes.iter().copied().map(windows_1252).collect()
}

fn windows_1252(byte: u8) -> char {
    const FROM_0X80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    usize::from(byte).checked_sub(0x80).and_then(|place| FROM_0X80.get(place)).copied().unwrap_or(char::from(byte))
}

/// One line, its words a space apart; None when blank.
fn line(text: &str, chars_max: usize) -> Option<String> {
    let kept = cut(&joined(bounded(text)), chars_max);
    (!kept.is_empty() && !is_empty_word(&kept)).then_some(kept)
}

/// `text` with one space between words and nothing that can't be shown.
fn joined(text: &str) -> String {
    let breaks = |c: char| c.is_whitespace() || c.is_control() || c == '\u{FFFD}';
    let shown = text.chars().filter(|c| !turns_or_hides(*c)).collect::<String>();
    shown.split(breaks).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Marks of direction, and invisible ones that no script needs: joiners stay.
fn turns_or_hides(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E001F}')
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect::<String>().trim_end().to_owned()
}

/// No more than is looked at, whole characters.
fn bounded(text: &str) -> &str {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    text.get(..end).unwrap_or_default()
}

/// What programs write where they had nothing to write.
fn is_empty_word(text: &str) -> bool {
    matches!(text, "null" | "(null)" | "undefined")
}

/// What cameras write as a description, every time.
fn is_camera_made(caption: &str) -> bool {
    const STUBS: [&str; 10] = [
        "olympus digital camera",
        "minolta digital camera",
        "konica minolta digital camera",
        "samsung digital camera",
        "kodak digital still camera",
        "digital camera",
        "sony dsc",
        "exif_jpeg_picture",
        "exif_jpeg_t422",
        "default",
    ];
    STUBS.contains(&caption.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_and_turning_characters_are_gone_and_joiners_stay() {
        assert_eq!(author(["Ana\u{202E}gpj \u{7}\u{0}Sousa"]).unwrap(), "Anagpj Sousa");
        assert_eq!(caption("a\u{200F}b\u{FEFF}").unwrap(), "ab");
        assert_eq!(caption("👩\u{200D}🚀").unwrap(), "👩\u{200D}🚀");
        assert_eq!(author(["\u{1b}", " \u{200B} "]), None);
    }

    #[test]
    fn a_caption_keeps_its_lines_and_is_bounded() {
        assert_eq!(
            caption(" First\r\n\r\n\n\n  the   dance \rthen\u{b}cake ").unwrap(),
            "First\n\nthe dance\nthen cake"
        );
        assert_eq!(caption(&"é".repeat(100_000)).unwrap().chars().count(), CAPTION_CHARS_MAX);
        assert_eq!(caption("OLYMPUS DIGITAL CAMERA         "), None);
        assert_eq!((caption("null"), author(["(null)"]), keywords(["null"]).len()), (None, None, 0));
    }

    #[test]
    fn keywords_are_kept_once_and_bounded() {
        assert_eq!(keywords(["Cake", " cake ", "", "first dance"]), ["Cake", "first dance"]);
        assert_eq!(keywords((0..500).map(|number| number.to_string())).len(), KEYWORDS_MAX);
    }

    #[test]
    fn bytes_of_no_said_encoding_are_read() {
        assert_eq!(decoded("Müller".as_bytes()), "Müller");
        assert_eq!(decoded(b"M\xFCller \x93x\x94"), "Müller “x”");
        assert_eq!(decoded(b"M\xFCller, caf\xE9"), "Müller, café");
        assert_eq!(decoded(b"caf\xE9"), "café", "not a character that was cut");
        assert_eq!(decoded(b"M\xC3\xBCller, caf\xC3"), "Müller, caf", "cut within a character");
    }
}
