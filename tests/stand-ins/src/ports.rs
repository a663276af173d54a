//! Ports for programs that must be told where to listen before they do.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// Below what Linux gives to those who ask for any port (`ip_local_port_range`: 32768 and up), so that neither somebody's port 0
/// nor a connection that goes out takes one meanwhile.
const FROM: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A TCP port of 127.0.0.1 on which nobody listens, and which no other call gets while this process lives, in whatever process.
///
/// The UDP port of the same number is the sign that it is taken.
///
/// # Panics
/// When all of them are taken.
pub fn free() -> u16 {
    let first = u16::try_from(std::process::id() * 37 % u32::from(COUNT)).unwrap_or_default();
    for step in 0..COUNT {
        let port = FROM + (first + step) % COUNT;
        let Ok(sign) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) else { continue };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            // Kept until the process ends.
            std::mem::forget(sign);
            return port;
        }
    }
    panic!("every port from {FROM} on is taken")
}

/// The same as an address.
pub fn free_address() -> std::net::SocketAddr {
    (Ipv4Addr::LOCALHOST, free()).into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_port_is_given_twice() {
        let ports: std::collections::HashSet<u16> = (0..50).map(|_| super::free()).collect();
        assert_eq!(ports.len(), 50);
    }
}
