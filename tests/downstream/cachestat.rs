// SPDX-License-Identifier: MIT
//! cachestat(2) by liblinux, as bindings.py declares it.
mod linux;

use std::io::{Error, Write};
use std::os::raw::{c_int, c_long};
use std::os::unix::io::{AsRawFd, FromRawFd};

#[repr(C)]
struct Range {
    off: u64,
    len: u64,
}

#[derive(Default)]
#[repr(C)]
struct Cached {
    cache: u64,
    dirty: u64,
    writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

extern "C" {
    fn getpagesize() -> c_int;
}

fn result(ret: c_long) -> Result<c_long, Error> {
    if (-4095..0).contains(&ret) {
        return Err(Error::from_raw_os_error(-ret as i32));
    }
    Ok(ret)
}

fn main() -> Result<(), Error> {
    let size = unsafe { getpagesize() } as usize;
    let name = b"downstream\0";
    let fd = result(unsafe { linux::linux_memfd_create(name.as_ptr() as *const _, 0) })?;
    let mut file = unsafe { std::fs::File::from_raw_fd(fd as c_int) };
    file.write_all(&vec![0; 3 * size])?;
    let range = Range { off: 0, len: 0 };
    let mut cached = Cached::default();
    let ret = unsafe {
        linux::linux_cachestat(file.as_raw_fd() as u32, &range as *const _ as *mut _, &mut cached as *mut _ as *mut _, 0)
    };
    match result(ret) {
        Err(error) if error.raw_os_error() == Some(38) => {
            println!("this kernel has no cachestat (Linux 6.5)");
            std::process::exit(77)
        }
        other => other?,
    };
    println!("Rust: cachestat {}, {} pages", ret, cached.cache);
    std::process::exit((cached.cache != 3) as i32)
}
