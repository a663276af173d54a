//! Who the bot is, as far as reading updates needs it.

/// The bot itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Its user id.
    pub id: Option<i64>,
    /// Its handle, without `@`: a command in a group may be addressed with it.
    pub username: Option<String>,
}
