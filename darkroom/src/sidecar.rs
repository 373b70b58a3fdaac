//! XMP that lies in a file of its own beside a photo, where Lightroom, Capture One,
//! darktable and others write what people say of a RAW file. Which file belongs to which
//! photo is the caller's to know.

use crate::develop::guarded;
use crate::facts::Facts;
use crate::xmp;

/// A photo's facts with what the sidecar says: its words go before those in the photo,
/// which are older; of what the camera measured it fills in what the photo lacks. What
/// can't be read of it is absent.
pub fn with_sidecar(facts: Facts, packet: &[u8]) -> Facts {
    let said = guarded(|| Ok(xmp::read(packet))).unwrap_or_default();
    let captured = facts.captured.map(|at| said.captured.map_or(at, |other| at.with_zone_of(other)));
    Facts {
        captured: captured.or(said.captured),
        camera_make: facts.camera_make.or(said.camera_make),
        camera_model: facts.camera_model.or(said.camera_model),
        lens: facts.lens.or(said.lens),
        exposure: facts.exposure.or(said.exposure),
        author: said.author.or(facts.author),
        caption: said.caption.or(facts.caption),
        keywords: if said.keywords.is_empty() { facts.keywords } else { said.keywords },
        // A photo that is rejected has no stars, whatever it had.
        rating: said.rating.map_or(facts.rating, |stars| u8::try_from(stars).ok()),
        ..facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let mut png = std::io::Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(5, 3).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let facts = crate::read_facts(&png.into_inner()).unwrap();
        let keywords = vec!["cake".into()];
        Facts { rating: Some(2), keywords, caption: Some("In the photo".into()), lens: Some("35 mm".into()), ..facts }
    }

    fn packet(attributes: &str, elements: &str) -> Vec<u8> {
        format!(
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
             <rdf:Description xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
             xmlns:aux=\"http://ns.adobe.com/exif/1.0/aux/\" xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" \
             {attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>"
        )
        .into_bytes()
    }

    #[test]
    fn a_sidecars_words_win_and_the_camera_is_believed_of_what_it_measured() {
        let words =
            "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">Beside it</rdf:li></rdf:Alt></dc:description>";
        let attributes = "xmp:Rating=\"5\" aux:Lens=\"50 mm\" exif:DateTimeOriginal=\"2025-06-21T14:03:59\"";
        let merged = with_sidecar(facts(), &packet(attributes, words));
        assert_eq!((merged.rating, merged.caption.as_deref()), (Some(5), Some("Beside it")));
        assert_eq!((merged.lens.as_deref(), &merged.keywords[..]), (Some("35 mm"), &["cake".to_owned()][..]));
        assert_eq!(merged.captured_at().unwrap().to_string(), "2025-06-21T14:03:59");
        assert_eq!(with_sidecar(facts(), &packet("xmp:Rating=\"-1\"", "")).rating, None);
    }

    #[test]
    fn a_sidecar_that_can_not_be_read_changes_nothing() {
        for broken in [&b""[..], b"<html>", b"\xFF\xFE\0<", &[b'<'; 100_000], &packet("xmp:Rating=\"9\"", "")] {
            assert_eq!(with_sidecar(facts(), broken), facts());
        }
    }
}
