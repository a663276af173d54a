//! The contract between Relay's engine and a connector: plain types and one trait.
//!
//! No I/O, no runtime, no actors. `CONTRACT.md` beside this crate numbers what each side owes the other.

pub mod blobs;
pub mod capabilities;
pub mod commands;
pub mod connector;
pub mod delivery;
pub mod envelope;
pub mod errors;
pub mod features;
pub mod files;
pub mod guide;
pub mod history;
pub mod ids;
pub mod menu;
pub mod preflight;
pub mod rooms;
pub mod settings;
pub mod text;

pub use blobs::{Blob, BlobId, BlobStore};
pub use capabilities::{Capabilities, FileLimits, Support, TextLimit, Unit};
pub use commands::{Answer, Ask, Asker, Call, Offer};
pub use connector::{Connector, Inbox, RawEvent, Stopped, Translation};
pub use delivery::{Attempt, Draft, Operation, Part, Persona, Pictures, Receipt, Speaker, Takes};
pub use envelope::{
    Author, Envelope, Event, EventKey, Forward, MemberChange, Message, Poll, Reply, Standing, Thread,
};
pub use errors::{DeliverError, ListenError, OpenError, Problem, Scope};
pub use features::{Cell, Feature};
pub use files::{Attachment, ByteStream, Content, FileDraft, FileKind, Located, Upload};
pub use guide::{Asked, Guide, Paste};
pub use history::{Doing, Mark, Past, Settled, Tier};
pub use ids::{Account, MessageKey, MessageRef, NativeId, Platform, RoomKey, Timestamp};
pub use menu::{Choosing, Given, Menu, Offered, Says};
pub use preflight::{Identity, Preflight, RoomReport, SpaceRef, Visibility};
pub use rooms::{Listed, Listing, RoomNews};
pub use settings::{Field, FieldKind, RoomIds, Settings};
pub use text::{Block, Emoji, Inline, Mention, Style, Text, Time, TimeStyle};
