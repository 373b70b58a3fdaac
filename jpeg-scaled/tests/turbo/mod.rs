//! libjpeg-turbo's own programs, as the reference: `djpeg` and `cjpeg`.

use std::io::Write;
use std::process::{Command, Stdio};

/// A picture as the reference gives it.
#[derive(Debug)]
pub struct Pnm {
    pub width: usize,
    pub height: usize,
    /// 1 for grey, 3 for red, green, blue.
    pub channels: usize,
    pub samples: Vec<u8>,
}

/// Whether the programs are installed; says so where they are not.
pub fn is_here() -> bool {
    let here = ["djpeg", "cjpeg"].iter().all(|name| Command::new(name).arg("-version").output().is_ok());
    if !here {
        eprintln!("left out: djpeg and cjpeg of libjpeg-turbo are not installed");
    }
    here
}

/// What `djpeg` makes of a JPEG; `None` where it refuses.
pub fn decoded(jpeg: &[u8], arguments: &[&str]) -> Option<Pnm> {
    let pnm = run("djpeg", &[&["-pnm", "-dct", "int", "-nosmooth"], arguments].concat(), jpeg)?;
    parsed(&pnm)
}

/// A JPEG that `cjpeg` makes.
pub fn encoded(picture: &Pnm, arguments: &[&str]) -> Vec<u8> {
    let letter = if picture.channels == 1 { 5 } else { 6 };
    let mut pnm = format!("P{letter}\n{} {}\n255\n", picture.width, picture.height).into_bytes();
    pnm.extend_from_slice(&picture.samples);
    run("cjpeg", &[&["-baseline"], arguments].concat(), &pnm).expect("cjpeg encodes")
}

fn run(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    // It may end before it has read everything.
    let writing = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    output.status.success().then_some(output.stdout)
}

fn parsed(pnm: &[u8]) -> Option<Pnm> {
    let mut fields = pnm.splitn(4, |byte| byte.is_ascii_whitespace());
    let mut field = || fields.next();
    let channels = if field()? == b"P5" { 1 } else { 3 };
    let mut number = || std::str::from_utf8(field()?).ok()?.parse::<usize>().ok();
    let (width, height) = (number()?, number()?);
    let samples = pnm[pnm.len() - width * height * channels..].to_vec();
    Some(Pnm { width, height, channels, samples })
}
