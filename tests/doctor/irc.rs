//! An IRC server of one mood, over TLS: what it refuses is chosen before. Numbers: <https://modern.ircdocs.horse/#numerics>.

use crate::set_up::Place;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// What it refuses. Empty words are no refusal.
#[derive(Clone, Copy, Default)]
pub struct Mood {
    /// Said to whoever gives a nick, with what ends the connection.
    pub at_the_door: &'static str,
    /// Somebody else has the nick.
    pub nick_is_taken: bool,
    /// The number and words for whoever wants into `#lobby`.
    pub lobby: &'static str,
    /// SASL is refused.
    pub no_sasl: bool,
    /// `#lobby` is moderated, and Relay has no voice.
    pub moderated: bool,
    /// The certificate that it shows, instead of the one that is good.
    pub certificate: Option<&'static str>,
    /// It does not speak TLS.
    pub plain: bool,
}

pub fn pem(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doctor/certificates");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

/// For a server with this certificate.
pub fn tls(name: &str) -> Arc<ServerConfig> {
    let chain =
        CertificateDer::pem_slice_iter(pem(&format!("{name}.pem")).as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(pem(&format!("{name}.key")).as_bytes()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

/// A folder with a config for two channels of such a server.
pub struct Irc {
    _dir: tempfile::TempDir,
    pub place: Place,
}

impl Irc {
    pub fn new(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shown = tls(mood.certificate.unwrap_or("good"));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shown = shown.clone();
                std::thread::spawn(move || match mood.plain {
                    true => talk(&mut BufReader::new(stream), mood, TcpStream::try_clone),
                    false => over_tls(stream, shown, mood),
                });
            }
        });
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(dir.path());
        place.write("trust", &pem("good.pem"));
        place.write("sasl", "a-password-of-services");
        let scheme = if mood.plain { "irc" } else { "ircs" };
        place.write(
            "bridges.toml",
            &format!(
                "[relay]\ndata_dir = \"state\"\n[accounts.libera]\nplatform = \"irc\"\nserver = \"{scheme}://127.0.0.1:{port}\"\n\
                 nick = \"relay\"\nsasl_password = {{ file = \"sasl\" }}\ntrust = {{ file = \"trust\" }}\n\
                 [channels.lobby]\nlinks = [\"libera:#lobby\", \"libera:#garden\"]\n"
            ),
        );
        Self { _dir: dir, place }
    }
}

fn over_tls(stream: TcpStream, shown: Arc<ServerConfig>, mood: Mood) {
    let tls = StreamOwned::new(ServerConnection::new(shown).unwrap(), stream);
    let mut reader = BufReader::new(tls);
    let mut said = Vec::new();
    let mut line = String::new();
    let mut nick = "*".to_owned();
    while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
        answer(line.trim_end(), mood, &mut nick, &mut said);
        line.clear();
        let ends = said.iter().any(|line: &String| line.starts_with("ERROR"));
        for line in said.drain(..) {
            if reader.get_mut().write_all(format!("{line}\r\n").as_bytes()).is_err() {
                return;
            }
        }
        if ends {
            return;
        }
    }
}

fn talk(
    reader: &mut BufReader<TcpStream>,
    mood: Mood,
    writer: impl Fn(&TcpStream) -> std::io::Result<TcpStream>,
) {
    let mut writes = writer(reader.get_ref()).unwrap();
    let (mut line, mut said, mut nick) = (String::new(), Vec::new(), "*".to_owned());
    while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
        answer(line.trim_end(), mood, &mut nick, &mut said);
        line.clear();
        for line in said.drain(..) {
            let _ = writes.write_all(format!("{line}\r\n").as_bytes());
        }
    }
}

fn answer(line: &str, mood: Mood, nick: &mut String, said: &mut Vec<String>) {
    let words: Vec<&str> = line.split(' ').collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default().trim_start_matches(':');
    match word(0) {
        "CAP" if word(1) == "LS" => said.push(":s CAP * LS :sasl=PLAIN".into()),
        "CAP" if word(1) == "REQ" => said.push(":s CAP * ACK :sasl".into()),
        "CAP" if word(1) == "END" => said.extend([
            format!(":s 001 {nick} :Welcome"),
            format!(":s 005 {nick} NETWORK=Standin CHANTYPES=# :are supported by this server"),
            format!(":s 376 {nick} :End of /MOTD command."),
        ]),
        "AUTHENTICATE" if word(1) == "PLAIN" => said.push("AUTHENTICATE +".into()),
        "AUTHENTICATE" if mood.no_sasl => said.push(format!(":s 904 {nick} :SASL authentication failed")),
        "AUTHENTICATE" => said.push(format!(":s 903 {nick} :SASL authentication successful")),
        "NICK" if !mood.at_the_door.is_empty() => {
            said.extend([format!(":s {}", mood.at_the_door), "ERROR :Closing Link".into()]);
        }
        "NICK" if mood.nick_is_taken && word(1) == "relay" => {
            said.push(":s 433 * relay :Nickname is already in use".into());
        }
        "NICK" => word(1).clone_into(nick),
        "JOIN" if word(1) == "#lobby" && !mood.lobby.is_empty() => {
            let (number, words) = mood.lobby.split_once(' ').unwrap();
            said.push(format!(":s {number} {nick} #lobby :{words}"));
        }
        "JOIN" => said.extend([
            format!(":{nick}!relay@host JOIN {}", word(1)),
            format!(":s 353 {nick} = {} :@ada {nick}", word(1)),
            format!(":s 366 {nick} {} :End of /NAMES list.", word(1)),
        ]),
        "MODE" => {
            let modes = if mood.moderated && word(1) == "#lobby" { "+mnt" } else { "+nt" };
            said.push(format!(":s 324 {nick} {} {modes}", word(1)));
        }
        "PING" => said.push(format!(":s PONG s :{}", word(1))),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_works_before_it_is_broken() {
    Irc::new(Mood::default()).place.is_well();
}
