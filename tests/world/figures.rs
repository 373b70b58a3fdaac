//! What a monitoring program reads: every line is looked at, and what is no figure of a
//! family that was declared before it fails the test.

use std::collections::{BTreeMap, HashMap};

/// The figures of one moment.
pub struct Figures {
    samples: HashMap<String, f64>,
}

impl Figures {
    /// Reads `url` as a monitoring program would.
    pub async fn at(url: &str) -> Self {
        let response = reqwest::get(url).await.unwrap();
        assert_eq!(response.status(), 200);
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
        Self::read(&response.text().await.unwrap())
    }

    /// Reads the text, strictly.
    pub fn read(text: &str) -> Self {
        let mut families: BTreeMap<&str, &str> = BTreeMap::new();
        let mut helped: Option<&str> = None;
        let mut samples = HashMap::new();
        let body = text.strip_suffix("# EOF\n").expect("the text ends with its end");
        for line in body.split_terminator('\n') {
            if let Some(help) = line.strip_prefix("# HELP ") {
                helped = help.split_once(' ').map(|(name, words)| {
                    assert!(is_name(name) && !words.is_empty(), "{line}");
                    name
                });
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(Some(name), helped, "{line}");
                assert!(["counter", "gauge", "histogram", "info", "unknown"].contains(&kind), "{line}");
                assert!(families.insert(name, kind).is_none(), "a family stands there twice: {line}");
            } else if let Some(unit) = line.strip_prefix("# UNIT ") {
                let (name, unit) = unit.split_once(' ').unwrap();
                assert!(name.ends_with(unit) && families.contains_key(name), "{line}");
            } else {
                let (sample, value) = sample(line);
                check_family(&sample, &families);
                assert!(samples.insert(sample, value).is_none(), "a figure stands there twice: {line}");
            }
        }
        Self { samples }
    }

    /// One figure, by its name and labels as they are written.
    pub fn get(&self, sample: &str) -> Option<f64> {
        self.samples.get(sample).copied()
    }

    /// As [`Self::get`], for one that has to be there.
    pub fn of(&self, sample: &str) -> f64 {
        self.get(sample).unwrap_or_else(|| panic!("no {sample} in {:?}", self.samples.keys()))
    }

    /// The sum of all figures of a name.
    pub fn sum(&self, name: &str) -> f64 {
        let is_of = |sample: &str| sample.split('{').next() == Some(name);
        self.samples.iter().filter(|(sample, _)| is_of(sample)).map(|(_, value)| value).sum()
    }
}

/// The name with its labels, and the value.
fn sample(line: &str) -> (String, f64) {
    let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no figure: {line}"));
    let name = sample.split('{').next().unwrap();
    assert!(is_name(name), "{line}");
    if let Some(labels) = sample[name.len()..].strip_prefix('{') {
        check_labels(labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}")), line);
    }
    let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
    (sample.to_owned(), value)
}

/// `a="b",c="d"`, with quotes and backslashes escaped.
fn check_labels(labels: &str, line: &str) {
    let mut rest = labels;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
        assert!(is_name(name), "{line}");
        let mut escaped = false;
        let end = after.find(|letter| match letter {
            _ if escaped => {
                escaped = false;
                false
            }
            '\\' => {
                escaped = true;
                false
            }
            letter => letter == '"',
        });
        rest = &after[end.unwrap_or_else(|| panic!("an open label: {line}")) + 1..];
        rest = rest.strip_prefix(',').unwrap_or_else(|| {
            assert!(rest.is_empty(), "{line}");
            rest
        });
    }
}

fn check_family(sample: &str, families: &BTreeMap<&str, &str>) {
    let name = sample.split('{').next().unwrap();
    let fits = families.iter().any(|(family, kind)| {
        let ending = name.strip_prefix(family);
        let endings: &[&str] = match *kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            _ => &[""],
        };
        ending.is_some_and(|ending| endings.contains(&ending))
    });
    assert!(fits, "{sample} belongs to no family");
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_' || letter == ':';
    letters.next().is_some_and(is_letter) && letters.all(|letter| is_letter(letter) || letter.is_ascii_digit())
}
