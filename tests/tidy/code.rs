//! Reads Rust source just closely enough to judge its shape: where code is and
//! where text is, where each function begins and ends, and which words stand
//! where. It owns no rule; the rules are in `tidy.rs`.

/// One function, as written: from the line of its `fn` to its closing brace.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// One constant that gives a number: `const NAME: KIND = VALUE;`.
#[derive(Debug, PartialEq, Eq)]
pub struct Constant {
    pub name: String,
    pub line: usize,
    pub kind: String,
    pub value: String,
}

/// Source with comments, strings and characters blanked out, byte for byte and
/// line for line, so that whatever is still there is code.
#[derive(Debug)]
pub struct Code(String);

impl Code {
    pub fn of(source: &str) -> Self {
        Self(Blanker::new(source).run())
    }

    /// The same code without its `#[cfg(test)]` items, lines kept.
    pub fn without_tests(&self) -> Self {
        const MARK: &str = "#[cfg(test)]";
        let mut bytes = self.0.clone().into_bytes();
        for (start, _) in self.0.match_indices(MARK) {
            let end = item_end(self.0.as_bytes(), start + MARK.len());
            for byte in &mut bytes[start..end] {
                *byte = blank(*byte);
            }
        }
        Self(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub fn line_of(&self, at: usize) -> usize {
        1 + self.0[..at].matches('\n').count()
    }

    /// Every identifier and keyword, with its offset.
    pub fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut at = 0;
        self.0.split(|c: char| !in_word(c)).filter_map(move |word| {
            let start = at + self.0[at..].find(word)?;
            at = start + word.len();
            (!word.is_empty()).then_some((start, word))
        })
    }

    /// Lines where a word stands for which `offends(before, after)` holds, given
    /// the code before and after it with the white space trimmed.
    pub fn lines_with(&self, wanted: &str, offends: impl Fn(&str, &str) -> bool) -> Vec<usize> {
        self.words()
            .filter(|(_, word)| *word == wanted)
            .filter(|(at, word)| {
                let after = self.0[at + word.len()..].trim_start();
                offends(self.0[..*at].trim_end(), after)
            })
            .map(|(at, _)| self.line_of(at))
            .collect()
    }

    pub fn functions(&self) -> Vec<Function> {
        let starts = self.words().filter(|(_, word)| *word == "fn");
        starts.filter_map(|(at, _)| self.function_at(at)).collect()
    }

    /// None for a function type (`fn(u8)`) and for a signature without a body.
    fn function_at(&self, at: usize) -> Option<Function> {
        let (name, name_end) = self.name_after(at + "fn".len())?;
        let body = first_at_depth_0(self.0.as_bytes(), name_end, b"{;")?;
        if self.0.as_bytes()[body] == b';' {
            return None;
        }
        let line = self.line_of(at);
        let end = self.line_of(brace_end(self.0.as_bytes(), body) - 1);
        Some(Function { name, line, lines: end - line + 1 })
    }

    pub fn constants(&self) -> Vec<Constant> {
        let starts = self.words().filter(|(_, word)| *word == "const");
        starts.filter_map(|(at, _)| self.constant_at(at)).collect()
    }

    fn constant_at(&self, at: usize) -> Option<Constant> {
        let bytes = self.0.as_bytes();
        let (name, name_end) = self.name_after(at + "const".len())?;
        let rest = self.0[name_end..].trim_start();
        if !rest.starts_with(':') {
            return None;
        }
        let equals = first_at_depth_0(bytes, name_end, b"=;")?;
        let end = first_at_depth_0(bytes, equals, b";")?;
        let kind = self.0[name_end..equals].trim_matches([':', ' ', '\n']);
        let value = self.0[equals..end].trim_matches(['=', ' ', '\n']);
        let line = self.line_of(at);
        Some(Constant { name, line, kind: kind.into(), value: value.into() })
    }

    /// The identifier that comes next, and where it ends.
    fn name_after(&self, at: usize) -> Option<(String, usize)> {
        let rest = &self.0[at..];
        let name = rest.trim_start();
        let length = name.find(|c| !in_word(c)).unwrap_or(name.len());
        let end = self.0.len() - name.len() + length;
        (length > 0).then(|| (name[..length].to_owned(), end))
    }
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn blank(byte: u8) -> u8 {
    if byte == b'\n' { b'\n' } else { b' ' }
}

/// The first of `wanted` at or after `from` that no bracket encloses.
fn first_at_depth_0(code: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.iter().enumerate().skip(from) {
        if depth == 0 && wanted.contains(byte) {
            return Some(at);
        }
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Where the block that opens at `open` is over: one past its closing brace.
fn brace_end(code: &[u8], open: usize) -> usize {
    first_at_depth_0(code, open + 1, b"}").map_or(code.len(), |close| close + 1)
}

/// Where the item that starts at `from` is over.
fn item_end(code: &[u8], from: usize) -> usize {
    match first_at_depth_0(code, from, b"{;") {
        Some(at) if code[at] == b'{' => brace_end(code, at),
        Some(at) => at + 1,
        None => code.len(),
    }
}

/// Copies source to `out`, with a blank for each byte that is not code.
struct Blanker<'a> {
    source: &'a [u8],
    out: Vec<u8>,
}

impl<'a> Blanker<'a> {
    fn new(source: &'a str) -> Self {
        Self { source: source.as_bytes(), out: Vec::with_capacity(source.len()) }
    }

    fn run(mut self) -> String {
        while let Some(&byte) = self.rest().first() {
            match byte {
                b'/' if self.rest().starts_with(b"//") => self.hide(self.line_length()),
                b'/' if self.rest().starts_with(b"/*") => self.hide(self.block_comment_length()),
                b'"' => self.hide(quoted_length(self.rest(), b'"')),
                b'\'' => self.character_or_lifetime(),
                _ if word_byte(byte) => self.word(),
                _ => self.keep(1),
            }
        }
        String::from_utf8_lossy(&self.out).into_owned()
    }

    fn rest(&self) -> &'a [u8] {
        &self.source[self.out.len()..]
    }

    fn keep(&mut self, length: usize) {
        self.out.extend_from_slice(&self.rest()[..length]);
    }

    fn hide(&mut self, length: usize) {
        let rest = self.rest();
        let hidden = &rest[..length.min(rest.len())];
        self.out.extend(hidden.iter().map(|byte| blank(*byte)));
    }

    fn line_length(&self) -> usize {
        let newline = self.rest().iter().position(|byte| *byte == b'\n');
        newline.unwrap_or(self.rest().len())
    }

    /// Block comments nest.
    fn block_comment_length(&self) -> usize {
        let (rest, mut at, mut depth) = (self.rest(), 2, 1);
        while depth > 0 && at < rest.len() {
            match &rest[at..] {
                [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
                [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
                _ => at += 1,
            }
        }
        at
    }

    /// A whole word at once, because `r` opens a raw string only as a word of its own.
    fn word(&mut self) {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| word_byte(**byte)).count();
        match (&rest[..length], raw_string_length(&rest[length..])) {
            (b"r" | b"br" | b"cr", Some(raw)) => self.hide(length + raw),
            _ => self.keep(length),
        }
    }

    /// `'a'` is text, `'a` is code.
    fn character_or_lifetime(&mut self) {
        let rest = self.rest();
        let second = rest.get(1).copied().unwrap_or_default();
        let width = 1 + rest.iter().skip(2).take_while(|byte| **byte & 0xC0 == 0x80).count();
        if second == b'\\' {
            self.hide(quoted_length(rest, b'\''));
        } else if rest.get(1 + width) == Some(&b'\'') {
            self.hide(2 + width);
        } else {
            self.keep(1);
        }
    }
}

fn word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The length of what opens with `quote` and closes with the next unescaped one.
fn quoted_length(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < text.len() && text[at] != quote {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of `#"…"#` with as many `#` before as after; None for `r#name`.
fn raw_string_length(text: &[u8]) -> Option<usize> {
    let hashes = text.iter().take_while(|byte| **byte == b'#').count();
    let inside = text.get(hashes + 1..).filter(|_| text[hashes] == b'"')?;
    let close = [b"\"".as_slice(), &text[..hashes]].concat();
    let end = inside.windows(close.len()).position(|window| window == close);
    Some(end.map_or(text.len(), |end| hashes + 1 + end + close.len()))
}
