//! XMP, Adobe's metadata in XML: attributes and elements of the packet's descriptions,
//! by the URIs of their namespaces. What is nested in structures (the history, the
//! pictures that a collage is made of) speaks of other files and is passed over. A
//! document that defines types or entities of its own is not read.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use crate::limits::{TEXT_BYTES_MAX, WRITTEN_VALUES_MAX, XMP_ATTRIBUTES_MAX, XMP_DEPTH_MAX};
use crate::words::Written;
use crate::xmp_properties::{Property, RDF, Values};

/// What the packet says, as far as it can be read.
pub(crate) fn read(packet: &[u8]) -> Written {
    let text = String::from_utf8_lossy(packet);
    let mut walk = Walk { reader: NsReader::from_str(&text), path: Vec::new(), value: None, values: Values::default() };
    while walk.step().is_some() {}
    walk.values.written()
}

/// What an element is, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Around `rdf:RDF`.
    Around,
    /// `rdf:RDF`.
    Rdf,
    /// A description of the photo.
    Description,
    /// A property of the photo.
    Property(Property),
    /// `rdf:Alt`, `rdf:Bag` or `rdf:Seq` of a property.
    List(Property),
    /// `rdf:li` of a list.
    Item(Property),
    /// Everything else, and all within it.
    Other,
}

struct Walk<'a> {
    reader: NsReader<&'a [u8]>,
    path: Vec<Place>,
    /// Of the property or item that is open.
    value: Option<Value>,
    values: Values,
}

/// A text that is being read.
#[derive(Default)]
struct Value {
    text: String,
    /// Whether it stands for all languages.
    is_default: bool,
}

impl Walk<'_> {
    /// Takes one event; None at the end, and where the packet is broken or too much.
    fn step(&mut self) -> Option<()> {
        match self.reader.read_event().ok()? {
            Event::Start(element) => self.open(&element)?,
            Event::Empty(element) => {
                self.open(&element)?;
                self.close();
            }
            Event::End(_) => self.close(),
            Event::Text(text) => self.append(&text.xml10_content()),
            Event::CData(text) => self.append(&text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                Some(c) => self.append(c.encode_utf8(&mut [0; 4])),
                None => self.append(predefined(&reference.xml10_content())),
            },
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::DocType(_) | Event::Eof => return None,
        }
        (self.values.len() < WRITTEN_VALUES_MAX).then_some(())
    }

    fn open(&mut self, element: &BytesStart<'_>) -> Option<()> {
        if self.path.len() >= XMP_DEPTH_MAX {
            return None;
        }
        let (namespace, name) = self.reader.resolver().resolve_element(element.name());
        let name = name.into_inner();
        let rdf = (uri(&namespace) == Some(RDF)).then_some(name);
        let place = match self.path.last().copied().unwrap_or(Place::Around) {
            Place::Around if rdf == Some("RDF") => Place::Rdf,
            Place::Around => Place::Around,
            Place::Rdf if rdf == Some("Description") => Place::Description,
            Place::Description => Property::named(uri(&namespace), name).map_or(Place::Other, Place::Property),
            Place::Property(property) if matches!(rdf, Some("Alt" | "Bag" | "Seq")) => Place::List(property),
            Place::List(property) if rdf == Some("li") => Place::Item(property),
            _ => Place::Other,
        };
        match place {
            Place::Description => self.take_attributes(element),
            Place::Property(_) => self.value = Some(Value::default()),
            Place::Item(_) => self.value = Some(Value { text: String::new(), is_default: is_for_all(element) }),
            // What stood in a property before its list is white space.
            _ => self.value = None,
        }
        self.path.push(place);
        Some(())
    }

    fn close(&mut self) {
        if let (Some(Place::Property(property) | Place::Item(property)), Some(value)) =
            (self.path.pop(), self.value.take())
        {
            self.values.add(property, value.text, value.is_default);
        }
    }

    fn append(&mut self, text: &str) {
        let Some(value) = &mut self.value else { return };
        let room = TEXT_BYTES_MAX.saturating_sub(value.text.len());
        value.text.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
    }

    fn take_attributes(&mut self, element: &BytesStart<'_>) {
        // Looking for names that come twice would take a time that grows with their square.
        for attribute in element.attributes().with_checks(false).take(XMP_ATTRIBUTES_MAX).flatten() {
            let (namespace, name) = self.reader.resolver().resolve_attribute(attribute.key);
            let Some(property) = Property::named(uri(&namespace), name.into_inner()) else { continue };
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
            if let Ok(text) = value
                && self.values.len() < WRITTEN_VALUES_MAX
            {
                let end = text.floor_char_boundary(TEXT_BYTES_MAX);
                self.values.add(property, text.get(..end).unwrap_or_default().to_owned(), false);
            }
        }
    }
}

fn uri<'a>(namespace: &'a ResolveResult<'_>) -> Option<&'a str> {
    match namespace {
        ResolveResult::Bound(namespace) => Some(namespace.as_ref()),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
    }
}

/// Whether an item is the one for readers of any language.
fn is_for_all(item: &BytesStart<'_>) -> bool {
    let mut attributes = item.attributes();
    let attributes = attributes.with_checks(false).take(XMP_ATTRIBUTES_MAX).flatten();
    attributes.filter(|attribute| attribute.key.as_ref() == "xml:lang").any(|lang| &*lang.value == "x-default")
}

/// XML's own five; a document's are not known here.
fn predefined(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    }
}
