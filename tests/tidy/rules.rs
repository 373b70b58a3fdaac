//! The rules that take more than a line to check. Each gets what it judges as an
//! argument and gives back what breaks it, so that `proofs.rs` can show it bad
//! examples; it reads no file.

use crate::code::{Code, Constant};
use crate::tree::Dependency;

/// Dependencies of the crate in `folder` on crates of ours that are not `allowed`.
pub fn arrows_back(folder: &str, allowed: &[&str], dependencies: &[Dependency]) -> Vec<String> {
    let ours = dependencies.iter().filter_map(|other| other.package.strip_prefix("enprint-"));
    let back = ours.filter(|other| !allowed.contains(other));
    back.map(|other| format!("{} → {other}", shown(folder))).collect()
}

/// Dependencies of the crate in `folder` on libraries fenced off from it.
pub fn over_the_fence(folder: &str, fences: &[(&str, &[&str], &[&str])], dependencies: &[Dependency]) -> Vec<String> {
    let mut offenders = Vec::new();
    for (library, homes, in_tests) in fences {
        let part = format!("{library}-");
        for dependency in dependencies {
            let fenced = dependency.package == *library || dependency.package.starts_with(&part);
            let at_home = homes.contains(&folder);
            let tested = dependency.only_for_tests && in_tests.contains(&folder);
            if fenced && !at_home && !tested {
                offenders.push(format!("{} depends on {}", shown(folder), dependency.package));
            }
        }
    }
    offenders
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "the root package" } else { folder }
}

/// `todo!` and its like, and tests that are ignored without saying why.
pub fn undone(code: &Code) -> Vec<(usize, String)> {
    let macros = ["todo", "unimplemented", "dbg"].into_iter().flat_map(|name| {
        let lines = code.lines_with(name, |_, after| after.starts_with('!'));
        lines.into_iter().map(move |line| (line, format!("{name}!")))
    });
    let bare = code.lines_with("ignore", |before, after| before.ends_with(['[', ',']) && after.starts_with([']', ')']));
    macros.chain(bare.into_iter().map(|line| (line, "ignored without a reason".into()))).collect()
}

/// Calls of `sleep`, and `use`s that would let one go under another name.
pub fn sleeps(code: &Code) -> Vec<(usize, String)> {
    let lines = code.lines_with("sleep", |before, after| {
        let named = before.ends_with("fn") || before.ends_with('.') && !before.ends_with("..");
        (after.starts_with('(') || after.starts_with("as ")) && !named
    });
    lines.into_iter().map(|line| (line, "sleeps".into())).collect()
}

/// Channels without a bound, of tokio, futures, crossbeam and the standard library.
pub fn unbounded_channels(code: &Code) -> Vec<(usize, String)> {
    let names = ["unbounded_channel", "UnboundedSender", "UnboundedReceiver"];
    let named = names.into_iter().flat_map(|name| code.lines_with(name, |_, _| true));
    let unbounded = code.lines_with("unbounded", |before, after| {
        called(after).is_some() && !before.ends_with("fn") && !before.ends_with('.')
    });
    // The standard library's `channel()` takes no bound; tokio's needs one.
    let standard = code.lines_with("channel", |before, after| {
        let bare = !before.ends_with([':', '.']) && !before.ends_with("fn");
        called(after) == Some("") && (bare || before.ends_with("mpsc::"))
    });
    let all = named.chain(unbounded).chain(standard);
    all.map(|line| (line, "an unbounded channel".into())).collect()
}

/// The arguments that open a call, up to the first closing parenthesis, past a
/// turbofish; None if what follows is no call.
fn called(after: &str) -> Option<&str> {
    let arguments = after.strip_prefix("::").map_or(after, past_angles);
    let arguments = arguments.strip_prefix('(')?;
    Some(arguments[..arguments.find(')')?].trim())
}

/// What comes after the angle brackets that `text` opens with.
fn past_angles(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if !text[..at].ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + c.len_utf8()..];
        }
    }
    ""
}

/// Constants outside tests whose name says limit and whose value is a number
/// written there, rather than one taken from a `limits.rs`.
pub fn limits(code: &Code) -> Vec<Constant> {
    let constants = code.without_tests().constants().into_iter();
    constants.filter(|constant| names_a_limit(&constant.name) && holds_a_number(&constant.value)).collect()
}

fn names_a_limit(name: &str) -> bool {
    name.split('_').any(|part| ["MAX", "MIN", "MS", "BYTES"].contains(&part))
}

fn holds_a_number(value: &str) -> bool {
    let mut words = value.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.any(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

/// The package registry or the developer's folder that a line names. Their names
/// are put together here, so that this file does not hold them.
pub fn foreign_place(line: &str) -> Option<String> {
    let registries = ["crates.", "static.crates.", "index.crates."].map(|host| format!("{host}io"));
    let others = [["registry.npmjs.", "org"], ["pypi.", "org"], ["pythonhosted.", "org"], ["proxy.golang.", "org"]];
    let hosts = registries.into_iter().chain(others.map(|parts| parts.concat()));
    // Cargo's lock file names the index by its repository: the same words and a hyphen.
    let mut hosts =
        hosts.filter(|host| line.match_indices(host).any(|(at, _)| !line[at + host.len()..].starts_with("-index")));
    let homes = ["home", "root", "Users", "work"].map(|folder| format!("/{folder}/"));
    let mut homes = homes.into_iter().filter(|home| line.match_indices(home).any(|(at, _)| starts_a_path(&line[..at])));
    hosts.next().or_else(|| homes.next())
}

/// Whether a slash after `before` is the first of its path.
fn starts_a_path(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || "._-~})>/*".contains(c))
}
