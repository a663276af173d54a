//! The Telegram connector.
