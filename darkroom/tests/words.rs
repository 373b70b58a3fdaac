//! What cameras and photographers wrote into their files: read from all three blocks,
//! believed in the right order, and absent where it is broken or a lie.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use std::time::Instant;

use enprint_darkroom::limits::{CAPTION_CHARS_MAX, KEYWORDS_MAX};
use enprint_darkroom::{Facts, develop, read_facts};
use kit::{PATIENCE, Value, developed, exif, jpeg, quarters};

const NAMESPACES: &str = r#"xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"
    xmlns:m="http://ns.adobe.com/xap/1.0/mm/""#;

/// A packet with a description of these attributes and elements.
fn packet(attributes: &str, elements: &str) -> Vec<u8> {
    format!(
        "<?xpacket begin='\u{FEFF}' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF {NAMESPACES}>\
         <rdf:Description rdf:about='' {attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    )
    .into_bytes()
}

/// A data set of an IPTC record.
fn data_set(record: u8, number: u8, value: &[u8]) -> Vec<u8> {
    [&[0x1C, record, number][..], &(value.len() as u16).to_be_bytes(), value].concat()
}

/// Photoshop's resources: one of no interest with an odd name and length, then IPTC's.
fn photoshop(record: &[u8]) -> Vec<u8> {
    let other = b"8BIM\x04\x25\x02ab\0\0\0\0\x03xyz\0";
    [other, &b"8BIM\x04\x04\0\0"[..], &(record.len() as u32).to_be_bytes(), record].concat()
}

/// A JPEG with the blocks that are given.
fn photo(block: Option<&[u8]>, packet: Option<&[u8]>, resources: Option<&[u8]>) -> Vec<u8> {
    let plain = jpeg(&quarters(90, 60), block, None);
    let mut bytes = plain[..2].to_vec();
    let segments = [(0xE1, &b"http://ns.adobe.com/xap/1.0/\0"[..], packet), (0xED, &b"Photoshop 3.0\0"[..], resources)];
    for (marker, prefix, body) in segments {
        let Some(body) = body else { continue };
        let length = (2 + prefix.len() + body.len()) as u16;
        bytes.extend([&[0xFF, marker][..], &length.to_be_bytes(), prefix, body].concat());
    }
    bytes.extend(&plain[2..]);
    bytes
}

fn of_xmp(packet: &[u8]) -> Facts {
    read_facts(&photo(None, Some(packet), None)).unwrap()
}

fn of_iptc(record: &[u8]) -> Facts {
    read_facts(&photo(None, None, Some(&photoshop(record)))).unwrap()
}

fn says_nothing(facts: &Facts) -> bool {
    (&facts.author, &facts.caption, facts.keywords.len(), facts.rating) == (&None, &None, 0, None)
}

#[test]
fn the_exposure_is_read_from_exif() {
    let camera = [
        (0x829A, Value::Ratio(10, 2500)),
        (0x829D, Value::Ratio(28, 10)),
        (0x8827, Value::Short(400)),
        (0x920A, Value::Ratio(500, 10)),
    ];
    let facts = read_facts(&photo(Some(&exif(&[], &camera, &[])), None, None)).unwrap();
    assert_eq!(facts.exposure.line().unwrap(), "1/250 s · f/2.8 · ISO 400 · 50 mm");
    let zeros = [
        (0x829A, Value::Ratio(0, 0)),
        (0x829D, Value::Ratio(1, 0)),
        (0x8827, Value::Short(u16::MAX)),
        (0x8832, Value::Long(102_400)),
    ];
    let facts = read_facts(&photo(Some(&exif(&[], &zeros, &[])), None, None)).unwrap();
    assert_eq!(facts.exposure.line().unwrap(), "ISO 102400", "a sensitivity that the first field can't hold");
}

#[test]
fn exif_gives_the_words_when_nobody_else_does() {
    let main = [
        (0x010E, Value::Text("The first dance")),
        (0x013B, Value::Text("Ana Sousa")),
        (0x9C9E, Value::Bytes(b"c\0a\0k\0e\0;\0d\0a\0n\0c\0e\0\0\0")),
    ];
    let facts = read_facts(&photo(Some(&exif(&main, &[], &[])), None, None)).unwrap();
    assert_eq!((facts.author.as_deref(), facts.caption.as_deref()), (Some("Ana Sousa"), Some("The first dance")));
    assert_eq!(facts.keywords, ["cake", "dance"]);
}

#[test]
fn a_cameras_own_description_is_no_caption() {
    let main = [(0x010E, Value::Text("OLYMPUS DIGITAL CAMERA         "))];
    assert_eq!(read_facts(&photo(Some(&exif(&main, &[], &[])), None, None)).unwrap().caption, None);
}

#[test]
fn xmp_is_read_from_attributes_and_elements_under_any_prefix() {
    let elements = "<d:creator xmlns:d='http://purl.org/dc/elements/1.1/'><rdf:Seq><rdf:li>Ana</rdf:li><rdf:li>Ben</rdf:li></rdf:Seq></d:creator>
        <dc:description><rdf:Alt><rdf:li xml:lang='de'>Der Tanz</rdf:li><rdf:li xml:lang='x-default'>Tom &amp; Ida&#x2019;s <![CDATA[<3]]></rdf:li></rdf:Alt></dc:description>
        <dc:subject><rdf:Bag><rdf:li>cake</rdf:li><rdf:li/><rdf:li>Cake</rdf:li><rdf:li>dance</rdf:li></rdf:Bag></dc:subject>
        <exif:ISOSpeedRatings><rdf:Seq><rdf:li>200</rdf:li></rdf:Seq></exif:ISOSpeedRatings>";
    let attributes = "xmlns:q='http://ns.adobe.com/xap/1.0/' q:Rating='4' aux:Lens='35mm f/1.8' exif:FNumber='28/10'
        exif:DateTimeOriginal='2025-06-21T14:03:59+02:00'";
    let facts = of_xmp(&packet(attributes, elements));
    assert_eq!(facts.author.as_deref(), Some("Ana, Ben"));
    assert_eq!(facts.caption.as_deref(), Some("Tom & Ida’s <3"));
    assert_eq!(facts.keywords, ["cake", "dance"]);
    assert_eq!((facts.rating, facts.lens.as_deref()), (Some(4), Some("35mm f/1.8")));
    assert_eq!(facts.exposure.line().unwrap(), "f/2.8 · ISO 200");
    assert_eq!(facts.captured.unwrap().offset, Some(jiff::tz::offset(2)));
    assert_eq!(of_xmp(&packet("", "<xmp:Rating>3</xmp:Rating>")).rating, Some(3));
}

#[test]
fn a_name_in_another_namespace_is_another_property() {
    let elements = "<dc:Rating>5</dc:Rating><e:subject xmlns:e='urn:example'><rdf:Bag><rdf:li>x</rdf:li></rdf:Bag></e:subject><creator>nobody</creator>";
    assert!(says_nothing(&of_xmp(&packet("dc:Rating='5' Rating='5' unknown:Rating='5'", elements))));
}

#[test]
fn what_is_said_of_another_picture_is_not_said_of_this_one() {
    let inner = "<rdf:Description xmp:Rating='5'><dc:creator><rdf:Seq><rdf:li>A stranger</rdf:li></rdf:Seq></dc:creator></rdf:Description>";
    let nested = format!(
        "<m:Ingredients><rdf:Bag><rdf:li>{inner}</rdf:li></rdf:Bag></m:Ingredients><m:Pantry><rdf:RDF>{inner}</rdf:RDF></m:Pantry>"
    );
    assert!(says_nothing(&of_xmp(&packet("", &nested))));
}

#[test]
fn a_rejected_photo_has_no_rating_and_odd_ratings_are_none() {
    let starred = exif(&[(0x4746, Value::Short(4))], &[], &[]);
    let both = |rating: &str| {
        let packet = packet(&format!("xmp:Rating='{rating}'"), "");
        read_facts(&photo(Some(&starred), Some(&packet), None)).unwrap().rating
    };
    assert_eq!(both("-1"), None);
    assert_eq!(both("2.0"), Some(2));
    assert_eq!((both("6"), both("NaN"), both("")), (Some(4), Some(4), Some(4)), "EXIF's where XMP's is none");
}

#[test]
fn iptc_is_read_in_utf_8_and_in_what_windows_wrote() {
    let utf_8 = [
        data_set(1, 90, b"\x1B%G"),
        data_set(2, 0, &[0, 4]),
        data_set(2, 25, "Küche".as_bytes()),
        data_set(2, 25, b"cake"),
        data_set(2, 55, b"20250621"),
        data_set(2, 60, b"140359+0200"),
        data_set(2, 80, "Zoë".as_bytes()),
        data_set(2, 120, "Tom’s dance".as_bytes()),
    ];
    let facts = of_iptc(&utf_8.concat());
    assert_eq!((facts.author.as_deref(), facts.caption.as_deref()), (Some("Zoë"), Some("Tom’s dance")));
    assert_eq!(facts.keywords, ["Küche", "cake"]);
    assert_eq!(facts.captured.unwrap().offset, Some(jiff::tz::offset(2)));
    let windows = of_iptc(&[data_set(2, 80, b"Zo\xEB"), data_set(2, 120, b"Tom\x92s dance")].concat());
    assert_eq!((windows.author, windows.caption), (facts.author, facts.caption));
}

#[test]
fn a_long_iptc_data_set_is_read_and_bounded() {
    let long = [&[0x1C, 2, 120, 0x80, 4][..], &40_000_u32.to_be_bytes(), &b"a".repeat(40_000)].concat();
    let facts = of_iptc(&[long, data_set(2, 80, b"Ana")].concat());
    assert_eq!(facts.caption.unwrap().chars().count(), CAPTION_CHARS_MAX);
    assert_eq!(facts.author.as_deref(), Some("Ana"), "what follows it is still read");
}

#[test]
fn xmp_is_believed_before_iptc_and_iptc_before_exif() {
    let block = exif(&[(0x010E, Value::Text("of exif")), (0x013B, Value::Text("Exif"))], &[], &[]);
    let record = [data_set(2, 80, b"Iptc"), data_set(2, 120, b"of iptc"), data_set(2, 25, b"iptc")].concat();
    let resources = photoshop(&record);
    let spoken = packet("", "<dc:description><rdf:Alt><rdf:li>of xmp</rdf:li></rdf:Alt></dc:description>");
    let facts = read_facts(&photo(Some(&block), Some(&spoken), Some(&resources))).unwrap();
    assert_eq!(facts.caption.as_deref(), Some("of xmp"));
    assert_eq!(facts.author.as_deref(), Some("Iptc"));
    assert_eq!(facts.keywords, ["iptc"]);
    let facts = read_facts(&photo(Some(&block), None, None)).unwrap();
    assert_eq!((facts.author.as_deref(), facts.caption.as_deref()), (Some("Exif"), Some("of exif")));
}

#[test]
fn a_zone_that_only_xmp_knows_is_taken_for_the_same_moment() {
    let block = exif(&[], &[(0x9003, Value::Text("2025:06:21 14:03:59"))], &[]);
    let zone = |moment: &str| {
        let packet = packet(&format!("exif:DateTimeOriginal='{moment}'"), "");
        read_facts(&photo(Some(&block), Some(&packet), None)).unwrap().captured.unwrap().offset
    };
    assert_eq!(zone("2025-06-21T14:03:59-05:00"), Some(jiff::tz::offset(-5)));
    assert_eq!(zone("2025-06-21T15:03:59-05:00"), None);
}

#[test]
fn a_tiffs_xmp_and_iptc_are_found_by_their_tags() {
    let mut tiff = std::io::Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut tiff).unwrap();
    let mut image = encoder.new_image::<tiff::encoder::colortype::RGB8>(90, 60).unwrap();
    let spoken = packet("xmp:Rating='5'", "");
    image.encoder().write_tag(tiff::tags::Tag::Unknown(0x02BC), &spoken[..]).unwrap();
    let record = data_set(2, 80, b"Ana");
    image.encoder().write_tag(tiff::tags::Tag::Unknown(0x83BB), &record[..]).unwrap();
    image.write_data(quarters(90, 60).as_raw()).unwrap();
    let facts = read_facts(&tiff.into_inner()).unwrap();
    assert_eq!((facts.rating, facts.author.as_deref()), (Some(5), Some("Ana")));
}

#[test]
fn jpeg_xl_says_in_boxes_what_it_knows_and_is_turned_by_its_codestream_alone() {
    let boxed = |name: &[u8; 4], body: &[u8]| [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat();
    let block = exif(&[(0x010E, Value::Text("The bride")), (0x0112, Value::Short(6))], &[], &[]);
    let picture = kit::jpeg_xl(&quarters(300, 200));
    let signature = boxed(b"JXL ", b"\r\n\x87\n");
    let kind = boxed(b"ftyp", b"jxl \0\0\0\0jxl ");
    let exif = boxed(b"Exif", &[&[0; 4], &block[..]].concat());
    let xmp = boxed(b"xml ", &packet("xmp:Rating='4'", ""));
    let original = [signature, kind, exif, xmp, boxed(b"jxlc", &picture)].concat();
    let facts = read_facts(&original).unwrap();
    assert_eq!((facts.caption.as_deref(), facts.rating), (Some("The bride"), Some(4)), "{facts:?}");
    assert_eq!((facts.width_px, facts.height_px), (300, 200));
    let proof = developed(&original).proof;
    assert_eq!((proof.width_px, proof.height_px), (300, 200), "turned by EXIF as well");
}

/// What Brotli makes of a few bytes that it does not pack.
fn brotli(body: &[u8]) -> Vec<u8> {
    let head = ((body.len() as u32 - 1) << 4 | 1 << 20).to_le_bytes();
    [&head[..3], body, &[3]].concat()
}

#[test]
fn jpeg_xl_whose_boxes_are_packed_says_the_same() {
    let boxed = |name: &[u8; 4], body: &[u8]| [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat();
    let block = exif(&[(0x010E, Value::Text("The bride"))], &[], &[]);
    let packed = |kind: &[u8; 4], body: &[u8]| boxed(b"brob", &[kind, &brotli(body)[..]].concat());
    let parts = |exif: Vec<u8>| {
        let xmp = packed(b"xml ", &packet("xmp:Rating='4'", ""));
        let kind = boxed(b"ftyp", b"jxl \0\0\0\0jxl ");
        let picture = boxed(b"jxlc", &kit::jpeg_xl(&quarters(300, 200)));
        [boxed(b"JXL ", b"\r\n\x87\n"), kind, exif, xmp, picture].concat()
    };
    let facts = read_facts(&parts(packed(b"Exif", &[&[0; 4], &block[..]].concat()))).unwrap();
    assert_eq!((facts.caption.as_deref(), facts.rating), (Some("The bride"), Some(4)), "{facts:?}");
    // What is broken is absent, and takes nothing else with it.
    let facts = read_facts(&parts(boxed(b"brob", b"Exif\xFF\xFF\xFF"))).unwrap();
    assert_eq!((facts.caption, facts.rating), (None, Some(4)));
}

#[test]
fn a_document_that_defines_entities_is_not_read() {
    let laughs = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>";
    let body = packet("xmp:Rating='5'", "<dc:description>&b;</dc:description>");
    assert!(says_nothing(&of_xmp(&[laughs.as_bytes(), &body].concat())));
    let unknown = packet("", "<dc:description>a&b;c&#0;</dc:description>");
    assert!(says_nothing(&of_xmp(&unknown)), "a reference that can't be resolved ends the reading");
}

#[test]
fn packets_made_to_take_long_do_not() {
    let deep = packet("", &"<dc:description>".repeat(4_000));
    let wide = packet(&"xmp:Rating='9' ".repeat(4_000), "");
    let bound = packet(&(0..2_500).map(|n| format!("xmlns:n{n}='urn:n' ")).collect::<String>(), "");
    let items =
        packet("", &format!("<dc:subject><rdf:Bag>{}</rdf:Bag></dc:subject>", "<rdf:li>x</rdf:li>".repeat(3_000)));
    let words = (0..2_000).map(|n| format!("<rdf:li>{n}</rdf:li>")).collect::<String>();
    let words = packet("", &format!("<dc:subject><rdf:Bag>{words}</rdf:Bag></dc:subject>"));
    let long = packet("", &format!("<dc:description>{}</dc:description>", "é".repeat(30_000)));
    for hostile in [&deep, &wide, &bound, &items, &words, &long] {
        let started = Instant::now();
        let facts = of_xmp(hostile);
        assert!(facts.keywords.len() <= KEYWORDS_MAX);
        assert!(facts.caption.is_none_or(|caption| caption.chars().count() <= CAPTION_CHARS_MAX));
        assert!(started.elapsed() < PATIENCE);
    }
    assert_eq!(of_xmp(&words).keywords.len(), KEYWORDS_MAX);
}

#[test]
fn broken_blocks_are_absent_wherever_they_break() {
    let spoken = packet("xmp:Rating='5'", "<dc:creator><rdf:Seq><rdf:li>Ana</rdf:li></rdf:Seq></dc:creator>");
    for cut in 0..spoken.len() {
        let facts = of_xmp(&spoken[..cut]);
        assert!(matches!(facts.author.as_deref(), None | Some("Ana")), "cut at {cut}");
    }
    let resources = photoshop(&[data_set(2, 80, b"Ana"), data_set(2, 120, b"A caption")].concat());
    for cut in 0..resources.len() {
        let facts = read_facts(&photo(None, None, Some(&resources[..cut]))).unwrap();
        assert!(matches!(facts.caption.as_deref(), None | Some("A caption")), "cut at {cut}");
    }
    let lengths = [&b"8BIM\x04\x04\0\0\xFF\xFF\xFF\xFF"[..], b"8BIM\x04\x05\xFF\0\xFF\xFF\xFF\xFF", b"8BIM"];
    for bytes in lengths {
        assert!(says_nothing(&read_facts(&photo(None, None, Some(bytes))).unwrap()));
    }
    for sizes in [[0x80, 4], [0xFF, 0xFF], [0x80, 0], [0x7F, 0xFF]] {
        assert!(says_nothing(&of_iptc(&[&[0x1C, 2, 120][..], &sizes, &[0xFF; 40]].concat())));
    }
}

#[test]
fn flipped_bits_in_any_block_harm_nothing() {
    let block = exif(&[(0x010E, Value::Text("of exif"))], &[(0x829A, Value::Ratio(1, 250))], &[]);
    let record = [data_set(1, 90, b"\x1B%G"), data_set(2, 120, b"of iptc")].concat();
    let spoken =
        packet("xmp:Rating='4'", "<dc:description><rdf:Alt><rdf:li>of xmp</rdf:li></rdf:Alt></dc:description>");
    let whole = photo(Some(&block), Some(&spoken), Some(&photoshop(&record)));
    for at in (0..whole.len().min(1_600)).flat_map(|at| [(at, 1_u8), (at, 0x80), (at, 0xFF)]) {
        let mut bytes = whole.clone();
        bytes[at.0] ^= at.1;
        if let Ok(facts) = read_facts(&bytes) {
            let caption = facts.caption.unwrap_or_default();
            assert!(!caption.chars().any(|c| c.is_control() && c != '\n'), "{caption:?}");
        }
    }
}

#[test]
fn a_placeholder_is_a_few_bytes_that_look_like_the_photo() {
    let renditions = developed(&jpeg(&quarters(900, 600), None, None));
    assert!((5..=25).contains(&renditions.placeholder.len()), "{} bytes", renditions.placeholder.len());
    let (red, green, blue, alpha) = thumbhash::thumb_hash_to_average_rgba(&renditions.placeholder).unwrap();
    let average = kit::pixels(&renditions.thumbnail.jpeg);
    let mean = |channel: usize| {
        average.pixels().map(|pixel| f64::from(pixel[channel])).sum::<f64>()
            / (255.0 * f64::from(average.width() * average.height()))
    };
    for (said, channel) in [(red, 0), (green, 1), (blue, 2)] {
        assert!((f64::from(said) - mean(channel)).abs() < 0.05, "channel {channel}: {said}, not {}", mean(channel));
    }
    assert_eq!(alpha, 1.0);
    for (width, height) in [(1, 1), (1, 700), (2_000, 3)] {
        let settings = enprint_darkroom::DevelopSettings::default();
        let placeholder = develop(&jpeg(&quarters(width, height), None, None), &settings).unwrap().placeholder;
        assert!((5..=32).contains(&placeholder.len()), "{width} × {height}: {} bytes", placeholder.len());
    }
}

/// A JPEG with these segments, each a marker and its body.
fn with_segments(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let plain = jpeg(&quarters(90, 60), None, None);
    let written = segments
        .iter()
        .flat_map(|(marker, body)| [&[0xFF, *marker][..], &(2 + body.len() as u16).to_be_bytes(), body].concat());
    [&plain[..2], &written.collect::<Vec<_>>(), &plain[2..]].concat()
}

#[test]
fn a_packet_that_goes_on_in_other_segments_is_read_whole_or_not_at_all() {
    let number = "0123456789ABCDEF0123456789ABCDEF";
    let packet = |inner: &str, attributes: &str| {
        format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' \
             xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:n='http://ns.adobe.com/xmp/note/' {attributes}>\
             {inner}</rdf:Description></rdf:RDF></x:xmpmeta>"
        )
    };
    let first = packet("", &format!("xmp:Rating='4' n:HasExtendedXMP='{number}'"));
    let more = packet("<dc:subject><rdf:Bag><rdf:li>bride</rdf:li></rdf:Bag></dc:subject>", "xmp:Rating='1'");
    let first = (0xE1, [&b"http://ns.adobe.com/xap/1.0/\0"[..], first.as_bytes()].concat());
    let part = |of: &str, from: usize, to: usize| {
        let numbers = [(more.len() as u32).to_be_bytes(), (from as u32).to_be_bytes()].concat();
        let text = &more.as_bytes()[from..to];
        (0xE1, [&b"http://ns.adobe.com/xmp/extension/\0"[..], of.as_bytes(), &numbers, text].concat())
    };
    let (middle, end) = (more.len() / 2, more.len());
    let read = |parts: Vec<(u8, Vec<u8>)>| {
        let facts = read_facts(&with_segments(&[vec![first.clone()], parts].concat())).unwrap();
        assert_eq!(facts.rating, Some(4), "the first packet is read whatever follows");
        facts.keywords
    };
    let other = "F".repeat(32);
    assert_eq!(read(vec![part(number, middle, end), part(number, 0, middle)]), ["bride"]);
    assert_eq!(read(vec![part(number, 0, middle), part(number, 0, middle), part(number, middle, end)]), ["bride"]);
    assert!(read(vec![part(number, 0, middle)]).is_empty(), "a part is missing");
    assert!(read(vec![part(&other, 0, middle), part(&other, middle, end)]).is_empty(), "of another packet");
    assert!(read(vec![(0xE1, b"http://ns.adobe.com/xmp/extension/\0short".to_vec())]).is_empty());
}

#[test]
fn resources_that_go_on_in_a_later_segment_are_read_whole() {
    let resources = photoshop(&data_set(2, 25, b"harbour"));
    let segment = |part: &[u8]| (0xED, [&b"Photoshop 3.0\0"[..], part].concat());
    for cut in [1, 9, resources.len() - 20, resources.len() - 3] {
        let (first, second) = resources.split_at(cut);
        let facts = read_facts(&with_segments(&[segment(first), segment(second)])).unwrap();
        assert_eq!(facts.keywords, ["harbour"], "cut at {cut}");
    }
}
