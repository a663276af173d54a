//! Why a platform does not answer: its name, its addresses, the way there, a proxy, its certificate. Looked at only where an account
//! could not be asked.

use crate::config::{AccountSection, Config};
use crate::engine::{Finding, UNANSWERED};
use crate::platforms;
use futures::future::join_all;
use relay_contract::Problem;
use rustls::CertificateError;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use url::{Host, Url};

/// Longest wait for a name, for a connection, and for an answer.
const PATIENCE: Duration = Duration::from_secs(6);
/// The keys of an account that can name a server.
const KEYS: [&str; 3] = ["api_url", "homeserver", "server"];

/// Where an account's platform is.
#[derive(Debug, Clone)]
pub struct Place {
    /// The account.
    account: String,
    /// The key of the account that says so; none where it is the platform's own server.
    key: Option<&'static str>,
    url: Url,
    /// Its connections go through the proxy that the environment names.
    proxied: bool,
}

/// Where the accounts' platforms are.
pub fn places(config: &Config) -> Vec<Place> {
    config.accounts.iter().filter_map(place).collect()
}

fn place(section: &AccountSection) -> Option<Place> {
    let platform = platforms::named(section.platform)?;
    let own = KEYS.iter().find_map(|key| Some((*key, section.settings.urls.get(key)?)));
    let url = Url::parse(own.map_or(platform.site, |(_, url)| url.as_str())).ok()?;
    let key = own.map(|(key, _)| key);
    Some(Place { account: section.settings.account.to_string(), key, proxied: platform.proxied, url })
}

/// Says of each account that does not answer why that is, where it can be seen from here.
pub async fn explain(places: &[Place], findings: Vec<Finding>) -> Vec<Finding> {
    let explained = findings.into_iter().map(|finding| async {
        let place = places.iter().find(|place| finding.about == format!("account {}", place.account));
        match place.filter(|_| finding.what.starts_with(UNANSWERED)) {
            Some(place) => match place.trouble().await {
                Some(problem) => Finding::broken(finding.about, problem.what, problem.fix),
                None => finding,
            },
            None => finding,
        }
    });
    join_all(explained).await
}

/// A proxy that some of the accounts go past: whoever has set one expects it to be used.
pub fn past_a_proxy(places: &[Place]) -> Option<Finding> {
    let (variable, _) = proxy("https")?;
    let past: Vec<&Place> =
        places.iter().filter(|place| !place.proxied && !is_excepted(&place.host())).collect();
    let accounts: Vec<&str> = past.iter().map(|place| place.account.as_str()).collect();
    let hosts: BTreeSet<String> = past.iter().map(|place| place.host()).collect();
    let hosts = hosts.into_iter().collect::<Vec<_>>().join(",");
    let accounts = accounts.join(", ");
    let what = format!("{variable} names a proxy, and the connections of {accounts} do not go through it.");
    let fix = format!(
        "Let this machine's firewall out to {hosts} directly, and write NO_PROXY={hosts} beside {variable} where Relay starts."
    );
    (!past.is_empty()).then(|| Finding::look("network", what, fix))
}

impl Place {
    fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned()
    }

    fn port(&self) -> u16 {
        let usual = if self.url.scheme() == "ircs" { 6697 } else { 6667 };
        self.url.port_or_known_default().unwrap_or(usual)
    }

    fn is_tls(&self) -> bool {
        matches!(self.url.scheme(), "https" | "wss" | "ircs")
    }

    fn is_here(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Where somebody looks who doubts the address.
    fn written(&self) -> String {
        self.key.map_or_else(String::new, |key| format!("Look whether `{key}` is right; "))
    }

    async fn trouble(&self) -> Option<Problem> {
        let (host, port) = (self.host(), self.port());
        if let Some(problem) = self.proxy_trouble().await {
            return Some(problem);
        }
        let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.clone(), port))).await;
        let addresses: Vec<SocketAddr> = match found {
            Ok(Ok(addresses)) => addresses.collect(),
            _ => Vec::new(),
        };
        if addresses.is_empty() {
            return Some(Problem::new(
                format!("There is no address for the name {host}."),
                format!("{}this machine's DNS is asked with: getent hosts {host}", self.written()),
            ));
        }
        let mut last = None;
        for address in addresses.iter().take(4) {
            match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
                Ok(Ok(_)) => return self.answers().await,
                Ok(Err(error)) => last = Some(error),
                Err(_) => {}
            }
        }
        Some(self.unreached(&addresses, last))
    }

    fn unreached(&self, addresses: &[SocketAddr], error: Option<std::io::Error>) -> Problem {
        let (host, port, written) = (self.host(), self.port(), self.written());
        let refused = error.as_ref().is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused);
        if refused {
            return Problem::new(
                format!("Nobody listens on port {port} of {host}."),
                format!("{written}start the server there: nc -vz {host} {port} tells when it listens."),
            );
        }
        if addresses.iter().all(SocketAddr::is_ipv6) {
            return Problem::new(
                format!("{host} is reached over IPv6 alone, and this machine has no way there over IPv6."),
                format!(
                    "{written}give this machine IPv6 (ip -6 route shows whether it has a default), or name a server with IPv4."
                ),
            );
        }
        let no_way = error.as_ref().is_some_and(|error| {
            matches!(error.kind(), ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable)
        });
        if no_way && addresses.iter().all(SocketAddr::is_ipv4) {
            return Problem::new(
                format!("{host} is reached over IPv4 alone, and this machine has no way there over IPv4."),
                "Give this machine IPv4 (ip -4 route shows whether it has a default), or ask its provider for NAT64 with DNS64.",
            );
        }
        let why = error.map_or_else(|| "nothing comes back".to_owned(), |error| error.to_string());
        Problem::new(
            format!("There is no way to port {port} of {host}: {why}."),
            format!(
                "{written}let this machine's firewall out to it: nc -vz {host} {port} tells whether it does."
            ),
        )
    }

    /// Somebody listens: what they answer.
    async fn answers(&self) -> Option<Problem> {
        let (host, written) = (self.host(), self.written());
        if !self.is_tls() && self.url.scheme() == "irc" {
            return None;
        }
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .ok()?;
        let scheme = if self.is_tls() { "https" } else { "http" };
        let asked = match self.url.host()? {
            Host::Ipv6(address) => format!("{scheme}://[{address}]:{}/", self.port()),
            host => format!("{scheme}://{host}:{}/", self.port()),
        };
        let error = match client.head(&asked).send().await {
            Ok(answer) if matches!(answer.status().as_u16(), 502..=504) => {
                return Some(Problem::new(
                    format!("{host} has an outage: it answers {}.", answer.status()),
                    "Nothing is to be done here: messages wait, and go on by themselves. The platform's status page says more.",
                ));
            }
            Ok(_) => return None,
            Err(error) => error,
        };
        match certificate(&error) {
            Some(found) => Some(self.untrusted(&found)),
            None if error.is_timeout() => Some(Problem::new(
                format!("{host} takes the connection, and answers nothing."),
                format!(
                    "{written}what stands between may swallow it: curl -v {asked} shows how far it comes."
                ),
            )),
            None => None,
        }
    }

    fn untrusted(&self, found: &CertificateError) -> Problem {
        let (host, written) = (self.host(), self.written());
        let clock = "if it is in order, this machine's clock is wrong: timedatectl set-ntp true";
        match found {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Problem::new(
                format!("The certificate of {host} has expired."),
                format!("Whoever runs {host} renews it (certbot renew); {clock}"),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Problem::new(format!("The certificate of {host} is not valid yet."), clock)
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Problem::new(
                    format!("The certificate that comes from {host} is one of another name."),
                    format!("{written}write the name that stands in the certificate."),
                )
            }
            _ => Problem::new(
                format!("The certificate of {host} is signed by nobody who is trusted."),
                format!(
                    "{written}let that server have one of a public authority, such as Let's Encrypt (certbot)."
                ),
            ),
        }
    }

    /// A proxy that it goes through, and that cannot be reached.
    async fn proxy_trouble(&self) -> Option<Problem> {
        // Telegram's connector goes past it for a server on this machine; of others the way without it is looked at next.
        if !self.proxied || is_excepted(&self.host()) || (self.is_here() && self.key == Some("api_url")) {
            return None;
        }
        let (variable, url) = proxy(self.url.scheme())?;
        let (host, port) = (url.host_str()?.to_owned(), url.port_or_known_default()?);
        match tokio::time::timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await {
            Ok(Ok(_)) => None,
            _ => Some(Problem::new(
                format!("The proxy {host}:{port}, which {variable} names, cannot be reached."),
                format!(
                    "Correct or unset {variable} where Relay starts; NO_PROXY={} goes past it.",
                    self.host()
                ),
            )),
        }
    }
}

/// The proxy that the environment names for a scheme, and the variable that does.
fn proxy(scheme: &str) -> Option<(String, Url)> {
    let lower = format!("{scheme}_proxy");
    let names = [lower.to_uppercase(), lower, "ALL_PROXY".into(), "all_proxy".into()];
    names.into_iter().find_map(|name| {
        let value = std::env::var(&name).ok().filter(|value| !value.is_empty())?;
        let url = if value.contains("://") { value } else { format!("http://{value}") };
        Some((name, Url::parse(&url).ok()?))
    })
}

/// Whether `NO_PROXY` has a host: itself, a domain that it is in, or all.
fn is_excepted(host: &str) -> bool {
    let list = ["NO_PROXY", "no_proxy"].iter().find_map(|name| std::env::var(name).ok());
    list.is_some_and(|list| is_in(host, &list))
}

fn is_in(host: &str, list: &str) -> bool {
    let entries = list.split(',').map(|entry| entry.trim().trim_start_matches('.'));
    entries.filter(|entry| !entry.is_empty()).any(|entry| {
        let above = host.strip_suffix(entry);
        entry == "*" || above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    })
}

/// What is wrong with a certificate, where that is why a request failed.
fn certificate(error: &reqwest::Error) -> Option<CertificateError> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        let inner = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        let tls = inner.and_then(|inner| inner.downcast_ref()).or_else(|| error.downcast_ref());
        if let Some(rustls::Error::InvalidCertificate(found)) = tls {
            return Some(found.clone());
        }
        source = match inner {
            Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_nobody_is_reached() {
        let url = Url::parse("https://chat.example.org").unwrap();
        let place = Place { account: "a".into(), key: Some("api_url"), url, proxied: false };
        let (four, six) = ("192.0.2.7:443", "[2001:db8::7]:443");
        let cases = [
            (vec![four], Some(ErrorKind::ConnectionRefused), "Nobody listens on port 443"),
            (vec![six], Some(ErrorKind::ConnectionRefused), "Nobody listens on port 443"),
            (vec![six], Some(ErrorKind::NetworkUnreachable), "over IPv6 alone"),
            (vec![six], None, "over IPv6 alone"),
            (vec![four], Some(ErrorKind::NetworkUnreachable), "over IPv4 alone"),
            (vec![four, six], Some(ErrorKind::NetworkUnreachable), "no way to port 443"),
            (vec![four], None, "nothing comes back"),
        ];
        for (addresses, error, says) in cases {
            let addresses: Vec<SocketAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
            let problem = place.unreached(&addresses, error.map(std::io::Error::from));
            assert!(
                problem.what.contains(says) && !problem.fix.is_empty(),
                "{addresses:?} {error:?}: {problem}"
            );
        }
    }

    #[test]
    fn hosts_that_no_proxy_is_for() {
        let cases = [
            ("discord.com", "discord.com", true),
            ("api.discord.com", "slack.com, .discord.com", true),
            ("notdiscord.com", "discord.com", false),
            ("discord.com", "*", true),
            ("discord.com", "", false),
        ];
        for (host, list, expected) in cases {
            assert_eq!(is_in(host, list), expected, "{host} {list}");
        }
    }
}
