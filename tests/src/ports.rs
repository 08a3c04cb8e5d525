//! Ports for servers that are other programs, and take the one they are told.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Child;

/// Below those that systems give to whoever asks for any port, or for none: one of these could be gone again before the
/// program takes it, or be the very end that looks whether somebody listens.
const FIRST: u16 = 12_000;
/// How many there are to choose from.
const COUNT: u16 = 16_000;
/// How often it is looked whether a program listens.
const LOOKS_MAX: usize = 400;

/// An address on which nobody listens, no two the same in one process, and another first one in each.
pub fn free_address() -> SocketAddr {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % u32::from(COUNT)).expect("a small number");
    let next = || (first + TAKEN.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT;
    let mut addresses = (0..COUNT).map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + next())));
    addresses.find(|address| TcpListener::bind(address).is_ok()).expect("a free port")
}

/// Waits until a program that was started listens on an address.
pub async fn listens(program: &mut Child, address: SocketAddr) {
    for _ in 0..LOOKS_MAX {
        if let Some(status) = program.try_wait().expect("a program of ours") {
            panic!("what was to listen on {address} has ended: {status}");
        }
        if TcpStream::connect(address).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody listens on {address}");
}
