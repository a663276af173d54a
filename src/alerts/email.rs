//! What needs a person, by email: plain text through one mail server. The only home of lettre.

use super::book::Letter;
use crate::config::{AlertMail, MailTls};
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use std::time::Duration;

/// Longest wait for the server, all in all.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest wait for each of its answers.
const ANSWER: Duration = Duration::from_secs(15);
/// The longest subject, in characters.
const SUBJECT: usize = 120;

/// Sends.
pub struct Mailer {
    from: Mailbox,
    to: Vec<Mailbox>,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Mailer {
    /// As the config names it.
    pub fn new(section: AlertMail) -> Result<Self, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("the email of [alerts]: {error}");
        let mailbox = |address: &String| address.parse::<Mailbox>().map_err(|error| wrong(&error));
        let (from, to) = (mailbox(&section.from)?, section.to.iter().map(mailbox).collect::<Result<_, _>>()?);
        let tls = || TlsParameters::new(section.server.clone()).map_err(|error| wrong(&error));
        let tls = match section.tls {
            MailTls::StartTls => Tls::Required(tls()?),
            MailTls::Tls => Tls::Wrapper(tls()?),
            MailTls::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&section.server)
            .port(section.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(ANSWER));
        if let Some((user, password)) = &section.login {
            let password = password.expose_secret().to_owned();
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { from, to, transport: transport.build() })
    }

    /// One attempt.
    pub async fn send(&self, letter: &Letter) -> Result<(), String> {
        let subject: String = letter.subject().chars().take(SUBJECT).collect();
        let domain = self.from.email.domain();
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(format!("[Relay] {subject}"))
            // The same letter, however often it is sent.
            .message_id(Some(format!("<{}@{domain}>", letter.id)))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message.body(letter.in_words()).map_err(|error| error.to_string())?;
        match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("the mail server: {error}")),
            Err(_) => Err("the mail server did not answer in 30 seconds".into()),
        }
    }
}
