//! libjpeg-turbo's own programs, as the reference: `djpeg`, `cjpeg` and `jpegtran`.
#![allow(dead_code, reason = "each test file uses a part of it")]

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
    let here = ["djpeg", "cjpeg", "jpegtran"].iter().all(|name| Command::new(name).arg("-version").output().is_ok());
    if !here {
        eprintln!("left out: djpeg, cjpeg and jpegtran of libjpeg-turbo are not installed");
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

/// What `jpegtran` makes of a JPEG; `None` where it refuses.
pub fn transformed(jpeg: &[u8], arguments: &[&str]) -> Option<Vec<u8>> {
    run("jpegtran", &[&["-perfect"], arguments].concat(), jpeg)
}

/// Waves, edges and noise, always the same.
pub fn drawn(width: usize, height: usize, channels: usize) -> Pnm {
    let mut noise = 12_345u32;
    let mut level = |x: usize, y: usize, channel: usize| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let wave = ((x * (channel + 2)) as f64 / 9.0).sin() * 60.0 + (y as f64 / (5 + channel) as f64).cos() * 50.0;
        let edge = if (x / 13 + y / 11).is_multiple_of(2) { 30.0 } else { -30.0 };
        (128.0 + wave + edge + f64::from(noise >> 28)).clamp(0.0, 255.0) as u8
    };
    let mut samples = Vec::with_capacity(width * height * channels);
    for y in 0..height {
        for x in 0..width {
            samples.extend((0..channels).map(|channel| level(x, y, channel)));
        }
    }
    Pnm { width, height, channels, samples }
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
