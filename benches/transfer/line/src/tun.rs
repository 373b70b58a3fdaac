//! The devices at the line's ends; all that is unsafe.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// A TUN device of that name, without packet information.
pub fn device(name: &str) -> io::Result<File> {
    let file = File::options().read(true).write(true).open("/dev/net/tun")?;
    let name = CString::new(name).map_err(io::Error::other)?;
    let bytes = name.as_bytes_with_nul();
    if bytes.len() > libc::IFNAMSIZ {
        return Err(io::Error::other("the device's name is too long"));
    }
    // SAFETY: an all-zero `ifreq` is a valid one.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(bytes) {
        *place = *byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: the request lives through the call, and is what TUNSETIFF takes.
    let made = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &request) };
    if made < 0 { Err(io::Error::last_os_error()) } else { Ok(file) }
}
