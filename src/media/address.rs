//! Which addresses are public: everything else is somebody's own network, and nothing that comes from outside may lead there.

use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// What is not public of IPv4: <https://www.iana.org/assignments/iana-ipv4-special-registry>, and multicast.
const NOT_PUBLIC_4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
    // Public by the registry, and yet a cloud's inside:
    // https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16
    v4(168, 63, 129, 16, 32),
];

/// All of IPv6 that is given out to be reached: <https://www.iana.org/assignments/ipv6-address-space>.
const UNICAST_6: Ipv6Net = v6(0x2000, 0, 3);

/// What is not public of that: <https://www.iana.org/assignments/iana-ipv6-special-registry>. Tunnels (Teredo, 6to4) hide an address of IPv4.
const NOT_PUBLIC_6: [Ipv6Net; 4] =
    [v6(0x2001, 0, 23), v6(0x2001, 0xdb8, 32), v6(0x2002, 0, 16), v6(0x3fff, 0, 20)];

/// IPv4 behind a translator (RFC 6052).
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 96);

/// Whether anybody on the Internet may have this address. In doubt not.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => match inner(address) {
            Some(inner) => is_public(inner.into()),
            None => {
                UNICAST_6.contains(&address)
                    && !NOT_PUBLIC_6.iter().any(|net| net.contains(&address))
                    && !is_isatap(address)
            }
        },
    }
}

/// The address of IPv4 that such an address leads to.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let embedded = || {
        let [.., a, b, c, d] = address.octets();
        Ipv4Addr::new(a, b, c, d)
    };
    address.to_ipv4_mapped().or_else(|| NAT64.contains(&address).then(embedded))
}

/// A tunnel within one site, whatever its prefix (RFC 5214).
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., four, five, _, _] = address.segments();
    five == 0x5efe && matches!(four, 0 | 0x0200)
}

/// Whether a host's addresses may all be reached: one that may not is enough to refuse it.
pub fn are_public(addresses: &[IpAddr], is_public: fn(IpAddr) -> bool) -> bool {
    !addresses.is_empty() && addresses.iter().all(|address| is_public(*address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "162.159.128.233",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001:81b::200e",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ];
        let not = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2606:4700::5efe:7f00:1",
            "2606:4700::200:5efe:a00:1",
            "3fff::1",
            "4000::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in not {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn each_net_is_refused_from_its_first_address_to_its_last() {
        let four = NOT_PUBLIC_4.into_iter().map(ipnet::IpNet::from);
        for net in four.chain(NOT_PUBLIC_6.into_iter().map(ipnet::IpNet::from)) {
            assert!(!is_public(net.network()) && !is_public(net.broadcast()), "{net}");
        }
    }

    #[test]
    fn one_address_is_enough_to_refuse_a_host() {
        let parse = |all: &[&str]| -> Vec<IpAddr> { all.iter().map(|a| a.parse().unwrap()).collect() };
        assert!(are_public(&parse(&["8.8.8.8", "2606:4700::1111"]), is_public));
        assert!(!are_public(&parse(&["8.8.8.8", "10.0.0.1"]), is_public));
        assert!(!are_public(&[], is_public));
    }
}
