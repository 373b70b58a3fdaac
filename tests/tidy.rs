//! Holds the house rules by reading the manifests and the sources: which way
//! dependencies point, who may name which library, how big files and functions
//! grow, where limits stand, and what never gets in. CONTRIBUTING.md says why.
//! The reading itself is in `tidy/`, and `tidy/proofs.rs` proves that it can fail.

#![allow(clippy::panic, reason = "a file that cannot be read fails the test that needs it")]

#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/proofs.rs"]
mod proofs;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/tree.rs"]
mod tree;

use code::Code;
use std::path::Path;
use tree::Manifest;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Which of our own crates each crate may depend on (DESIGN.md). The root
/// package, "", puts them together and may depend on all.
const ARROWS: [(&str, &[&str]); 9] = [
    ("", &["protocol", "store", "web", "jpeg-scaled", "darkroom", "node", "host-index", "customer-web"]),
    ("protocol", &[]),
    ("store", &[]),
    ("web", &[]),
    ("jpeg-scaled", &[]),
    ("darkroom", &["jpeg-scaled"]),
    ("node", &["protocol", "store", "web", "darkroom"]),
    ("host-index", &["protocol", "store"]),
    ("customer-web", &["web", "host-index"]),
];

/// Libraries that only the crates named here may depend on, and those that may
/// only in their tests.
const FENCES: [(&str, &[&str], &[&str]); 6] = [
    // the root's tests play hostile peers with it
    ("libp2p", &["protocol"], &[""]),
    ("serde_cbor", &["protocol"], &[]),
    ("sled", &["store"], &[]),
    ("sqlx", &["store"], &[]),
    // the root draws the demo's photographs with it, and decodes none
    ("image", &["darkroom", ""], &[]),
    ("warp", &["web", "node", "customer-web"], &[]),
];

/// Libraries whose names only these files may speak.
const NAMED_IN: [(&str, &str); 3] = [("sled", "store"), ("sqlx", "store"), ("serde_cbor", "protocol/src/codec.rs")];

/// Constants that look like limits and rightly stand outside a `limits.rs`:
/// file, constant, and why.
const LIMITS_ELSEWHERE: [(&str, &str, &str); 2] = [
    ("protocol/src/peer/frame.rs", "LENGTH_BYTES", "the wire format's own, no bound"),
    ("protocol/src/peer/room.rs", "UNIT_BYTES", "a unit to count in, no bound"),
];

#[test]
fn dependencies_point_one_way() {
    let root = Manifest::of("");
    let renamed = root.renamed();
    let unknown = root.members().into_iter().filter(|member| ARROWS.iter().all(|(of, _)| of != member));
    let mut offenders: Vec<_> = unknown.map(|member| format!("{member} has no place in ARROWS")).collect();
    for (folder, allowed) in ARROWS {
        let dependencies = Manifest::of(folder).dependencies(&renamed);
        offenders.extend(rules::arrows_back(folder, allowed, &dependencies));
    }
    refuse("Dependencies point one way (ARROWS, DESIGN.md)", &offenders);
}

#[test]
fn each_library_stays_behind_its_fence() {
    let renamed = Manifest::of("").renamed();
    let mut offenders = Vec::new();
    for (folder, _) in ARROWS {
        let dependencies = Manifest::of(folder).dependencies(&renamed);
        offenders.extend(rules::over_the_fence(folder, &FENCES, &dependencies));
    }
    for (path, code) in all_code() {
        for (library, home) in NAMED_IN.iter().filter(|(_, home)| !path.starts_with(home)) {
            let lines = code.lines_with(library, |_, _| true);
            offenders.extend(at_lines(&path, &lines, &format!("names {library}, which only {home} may")));
        }
    }
    refuse("Each library is used behind its fence (FENCES, NAMED_IN)", &offenders);
}

#[test]
fn every_crate_inherits_the_lints() {
    let without = ARROWS.iter().filter(|(folder, _)| !Manifest::of(folder).inherits_lints());
    let offenders: Vec<_> =
        without.map(|(folder, _)| Path::new(folder).join("Cargo.toml").display().to_string()).collect();
    refuse("Every manifest says `[lints] workspace = true`", &offenders);
}

#[test]
fn files_stay_short() {
    let long = tree::sources().into_iter().map(|(path, text)| (path, text.lines().count()));
    let long = long.filter(|(_, lines)| *lines > FILE_LINES_MAX);
    let offenders: Vec<_> = long.map(|(path, lines)| format!("{}: {lines} lines", path.display())).collect();
    refuse(&format!("A file has at most {FILE_LINES_MAX} lines"), &offenders);
}

#[test]
fn functions_stay_short() {
    let mut offenders = Vec::new();
    for (path, code) in all_code() {
        for long in code.functions().into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX) {
            offenders.push(format!("{}:{} {} has {} lines", path.display(), long.line, long.name, long.lines));
        }
    }
    refuse(&format!("A function has at most {FUNCTION_LINES_MAX} lines"), &offenders);
}

#[test]
fn files_say_what_they_own() {
    let silent = tree::sources().into_iter().filter(|(path, text)| tree::is_src(path) && !text.starts_with("//!"));
    let offenders: Vec<_> = silent.map(|(path, _)| path.display().to_string()).collect();
    refuse("A file in src/ opens with `//!`: what it owns, and what it does not", &offenders);
}

#[test]
fn nothing_is_left_undone() {
    let offenders = offenders_in(|_| true, rules::undone);
    refuse("No todo!, unimplemented!, dbg!, or ignored test without its reason", &offenders);
}

#[test]
fn tests_wait_for_conditions_not_for_time() {
    let not_the_helper = |path: &Path| tree::is_test(path) && !path.ends_with("waiting.rs");
    let offenders = offenders_in(not_the_helper, rules::sleeps);
    refuse("Tests wait for conditions; only the polling helper in waiting.rs sleeps", &offenders);
}

#[test]
fn every_channel_is_bounded() {
    let offenders = offenders_in(|_| true, rules::unbounded_channels);
    refuse("Every channel is bounded", &offenders);
}

#[test]
fn limits_stand_together() {
    let mut offenders = Vec::new();
    let mut excused = Vec::new();
    for (path, code) in all_code() {
        if !tree::is_src(&path) || tree::is_test(&path) || path.ends_with("limits.rs") {
            continue;
        }
        for limit in rules::limits(&code) {
            let excuse = |(file, name, _): &&(&str, &str, &str)| path == Path::new(file) && limit.name == *name;
            match LIMITS_ELSEWHERE.iter().find(excuse) {
                Some(excuse) => excused.push(excuse),
                None => offenders.push(format!("{}:{} {}", path.display(), limit.line, limit.name)),
            }
        }
    }
    let stale = LIMITS_ELSEWHERE.iter().filter(|excuse| !excused.contains(excuse));
    offenders.extend(stale.map(|(file, name, _)| format!("{file} no longer has the excused {name}")));
    refuse("A crate's limits stand in its limits.rs, each with its reason", &offenders);
}

#[test]
fn no_file_names_a_registry_or_a_developers_machine() {
    let mut offenders = Vec::new();
    for path in tree::files() {
        for (line, text) in tree::text(&path).lines().enumerate() {
            if let Some(found) = rules::foreign_place(text) {
                offenders.push(format!("{}:{} {found}", path.display(), line + 1));
            }
        }
    }
    refuse("No file names a package registry's host or a path of somebody's machine", &offenders);
}

/// Every Rust file, with what of it is code.
fn all_code() -> impl Iterator<Item = (std::path::PathBuf, Code)> {
    tree::sources().into_iter().map(|(path, text)| (path, Code::of(&text)))
}

/// What `rule` finds, line and offence, in the files that it is `meant_for`.
fn offenders_in(meant_for: impl Fn(&Path) -> bool, rule: impl Fn(&Code) -> Vec<(usize, String)>) -> Vec<String> {
    let files = all_code().filter(|(path, _)| meant_for(path));
    let found = files.flat_map(|(path, code)| {
        let offences = rule(&code);
        offences.into_iter().map(move |(line, offence)| format!("{}:{line} {offence}", path.display()))
    });
    found.collect()
}

fn at_lines(path: &Path, lines: &[usize], offence: &str) -> Vec<String> {
    lines.iter().map(|line| format!("{}:{line} {offence}", path.display())).collect()
}

/// Fails with the rule and everything that breaks it.
fn refuse(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}. Against it:\n  {}\n", offenders.join("\n  "));
}
