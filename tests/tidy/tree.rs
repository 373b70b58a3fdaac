//! The files of the checkout: finds them without git, so that the rules hold in
//! an unpacked archive of the sources too, and reads the manifests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

/// Where the workspace is.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the checkout, relative to [`root`] and in order of name.
pub fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(root(), &mut found);
    found.sort();
    found
}

/// Every Rust file, with its text.
pub fn sources() -> Vec<(PathBuf, String)> {
    let rust = files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| (path.clone(), text(&path))).collect()
}

/// The text of one file; bytes that are no UTF-8 are replaced.
pub fn text(path: &Path) -> String {
    let bytes = fs::read(root().join(path));
    let bytes = bytes.unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A file of tests, of whichever crate: in a `tests` folder, or a module file of that name.
pub fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// A file in the `src` folder of a crate.
pub fn is_src(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "src")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default();
        if path.is_symlink() || SKIPPED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_none_or(|end| end != "log") {
            found.extend(path.strip_prefix(root()).map(Path::to_path_buf));
        }
    }
}

/// A dependency as a manifest states it.
#[derive(Debug)]
pub struct Dependency {
    /// The package's real name, whatever the manifest calls it.
    pub package: String,
    pub only_for_tests: bool,
}

/// One crate's manifest.
pub struct Manifest(toml::Table);

impl Manifest {
    /// Reads `folder/Cargo.toml`; the root package's folder is "".
    pub fn of(folder: &str) -> Self {
        Self::parse(&text(&Path::new(folder).join("Cargo.toml")))
    }

    pub fn parse(text: &str) -> Self {
        Self(text.parse().unwrap_or_else(|error| panic!("a manifest is not TOML: {error}")))
    }

    pub fn members(&self) -> Vec<String> {
        let members = self.0["workspace"]["members"].as_array().cloned().unwrap_or_default();
        members.iter().filter_map(|member| member.as_str().map(str::to_owned)).collect()
    }

    pub fn inherits_lints(&self) -> bool {
        let lints = self.0.get("lints").and_then(|lints| lints.get("workspace"));
        lints.and_then(toml::Value::as_bool) == Some(true)
    }

    /// What `[workspace.dependencies]` calls each package that it renames.
    pub fn renamed(&self) -> BTreeMap<String, String> {
        let shared = self.0.get("workspace").and_then(|all| all.get("dependencies"));
        let shared = shared.and_then(toml::Value::as_table).into_iter().flatten();
        shared.filter_map(|(key, value)| Some((key.clone(), package(value)?))).collect()
    }

    /// All dependencies of every kind and platform.
    pub fn dependencies(&self, renamed: &BTreeMap<String, String>) -> Vec<Dependency> {
        let platforms = self.0.get("target").and_then(toml::Value::as_table);
        let platforms = platforms.into_iter().flatten().filter_map(|(_, value)| value.as_table());
        let mut all = Vec::new();
        for table in platforms.chain([&self.0]) {
            for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
                for (key, value) in table.get(kind).and_then(toml::Value::as_table).into_iter().flatten() {
                    let package = package(value).or_else(|| renamed.get(key).cloned());
                    let package = package.unwrap_or_else(|| key.clone());
                    all.push(Dependency { package, only_for_tests: kind == "dev-dependencies" });
                }
            }
        }
        all
    }
}

fn package(dependency: &toml::Value) -> Option<String> {
    dependency.get("package")?.as_str().map(str::to_owned)
}
