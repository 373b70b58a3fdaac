//! The program as a script uses it: `--json`, one object on standard output.

use std::process::Command;

use serde_json::Value;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_enprint");

/// The program, in a network namespace of that name or where the test is.
pub fn command(namespace: Option<&str>) -> Command {
    let Some(namespace) = namespace else { return Command::new(PROGRAM) };
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, PROGRAM]);
    command
}

/// Runs the program; the answer, or the sentence it ended with.
pub fn enprint(args: &[String]) -> Result<Value, String> {
    enprint_in(None, args)
}

/// Runs a command that does not go as it should: what it says all the same, with what it
/// ends.
pub fn reports(args: &[String]) -> (Value, i32, String) {
    let output = command(None).args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let ended = || format!("{}: {text} {said}", output.status);
    let answer = serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{error}: {}", ended()));
    (answer, output.status.code().unwrap_or_else(|| panic!("{}", ended())), said)
}

/// As [`enprint`], in a network namespace.
pub fn enprint_in(namespace: Option<&str>, args: &[String]) -> Result<Value, String> {
    let output = command(namespace).args(args).output().unwrap();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(if said.is_empty() { format!("it said nothing: {}", output.status) } else { said });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).map_err(|error| format!("{error}: {text}"))
}
