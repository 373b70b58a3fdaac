//! This program as its own child, which decodes one file and ends. Not a command for
//! people: it is not in the help.

use std::io::{stdin, stdout};
use std::process::ExitCode;

use enprint_darkroom::child::{self, ChildProgram};

const WORD: &str = "decode-one-file";

/// Whether this process was started to decode.
pub fn is_meant() -> bool {
    std::env::args_os().nth(1).is_some_and(|word| word == WORD)
}

/// Decodes the file on standard input.
pub fn serve() -> ExitCode {
    match child::serve(stdin().lock(), stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// From now on risky files are decoded in children. A system that can't tell where this
/// program is decodes them here.
pub fn use_myself() {
    if let Ok(program) = std::env::current_exe() {
        child::decode_in(ChildProgram::new(program, vec![WORD.into()]));
    }
}
