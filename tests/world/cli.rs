//! The program as a script uses it: `--json`, one object on standard output.

use std::process::Command;

use serde_json::Value;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_enprint");

/// Runs the program; the answer, or the sentence it ended with.
pub fn enprint(args: &[String]) -> Result<Value, String> {
    let output = Command::new(PROGRAM).args(args).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).map_err(|error| format!("{error}: {text}"))
}
