//! The codes for bold and the like. Source: <https://modern.ircdocs.horse/formatting>.

use relay_contract::Style;

/// Bold, on and off.
pub const BOLD: char = '\u{2}';
/// Colour: two numbers of at most two digits follow.
pub const COLOUR: char = '\u{3}';
/// Colour: two numbers of six hexadecimal digits follow.
pub const HEX_COLOUR: char = '\u{4}';
/// The end of all codes.
pub const PLAIN: char = '\u{f}';
/// Of equal width.
pub const MONOSPACE: char = '\u{11}';
/// Fore- and background exchanged.
pub const REVERSE: char = '\u{16}';
/// Around what is meant for the client and not for people. Source: <https://modern.ircdocs.horse/ctcp>.
pub const CTCP: char = '\u{1}';
/// Italic.
pub const ITALIC: char = '\u{1d}';
/// Struck through.
pub const STRIKE: char = '\u{1e}';
/// Underlined.
pub const UNDERLINE: char = '\u{1f}';

/// Styles that have a code of their own.
pub const STYLES: [(Style, char); 4] =
    [(Style::Bold, BOLD), (Style::Underline, UNDERLINE), (Style::Italic, ITALIC), (Style::Strike, STRIKE)];
