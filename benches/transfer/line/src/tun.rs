//! The devices at the line's ends, and what the line asks of the kernel; all that is unsafe.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

/// Before every other process that is not the kernel's own: a line is no process.
const FIRST_OF_ALL: i32 = -20;

/// A TUN device of that name. Where it is of large pieces, the kernel gives and takes many
/// packets of one connection as one (`pieces`), each behind a header of ten bytes.
pub fn device(name: &str, in_pieces: bool) -> io::Result<File> {
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
    let pieces = if in_pieces { libc::IFF_VNET_HDR } else { 0 };
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI | pieces) as libc::c_short;
    // SAFETY: the request lives through the call, and is what TUNSETIFF takes.
    let made = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &request) };
    if made < 0 {
        return Err(io::Error::last_os_error());
    }
    if in_pieces {
        take_pieces(&file)?;
    }
    Ok(file)
}

/// TCP's pieces, and UDP's where the kernel knows them.
fn take_pieces(file: &File) -> io::Result<()> {
    let tcp = libc::TUN_F_CSUM | libc::TUN_F_TSO4 | libc::TUN_F_TSO6;
    let all = tcp | libc::TUN_F_USO4 | libc::TUN_F_USO6;
    for kinds in [all, tcp] {
        // SAFETY: TUNSETOFFLOAD takes a number, no address.
        if unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETOFFLOAD, libc::c_ulong::from(kinds)) } == 0 {
            return Ok(());
        }
    }
    Err(io::Error::last_os_error())
}

/// This thread, and those that it begins, go before others; if that is not allowed, they
/// are as late as others are.
pub fn go_first() {
    // SAFETY: it takes numbers, no address.
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, FIRST_OF_ALL) };
}

/// This thread wakes up when it wants to, not up to 50 µs later to save power.
pub fn wake_in_time() {
    // SAFETY: it takes numbers, no address.
    let _ = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_u64) };
}

/// What is sent at one time goes as datagrams of so many bytes.
pub fn send_together(socket: &UdpSocket, bytes: usize) -> io::Result<()> {
    let bytes = bytes as libc::c_int;
    set(socket, libc::SOL_UDP, libc::UDP_SEGMENT, bytes)
}

/// The kernel holds more of what comes than it does by itself, as much as it grants.
pub fn hold_much(socket: &UdpSocket) {
    let _ = set(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, 64 * 1024 * 1024);
}

fn set(socket: &UdpSocket, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let (at, length) = (&raw const value, std::mem::size_of_val(&value) as libc::socklen_t);
    // SAFETY: the value lives through the call, and has the length that is said.
    let set = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, at.cast(), length) };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The machine's clock, the same for all its processes.
pub fn now_nanos() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the place for the time lives through the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
