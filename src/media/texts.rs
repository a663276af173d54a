//! Texts that a room shows only the beginning of, kept as files to read the whole of them.

use super::Media;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;

/// What such a file is called.
const NAME: &str = "message.txt";
/// Its media type.
const MIME: &str = "text/plain";

impl Media {
    /// A link to a text, where the settings name a public URL. The same text has the same link, which ends like every other.
    pub async fn text_link(&self, text: &str) -> Option<String> {
        if !self.gives_links() {
            return None;
        }
        if !self.make_room(text.len() as u64).await {
            tracing::warn!("there is no room for a long text, and it has no link");
            return None;
        }
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let kept = self.0.store.put(stream::once(async move { Ok(bytes) }).boxed()).await;
        match kept {
            Ok(blob) => {
                // Held until the link says that it is needed.
                let _content = self.content(blob.id.clone(), blob.size);
                self.came(blob.size);
                self.link_to(&blob.id, blob.size, MIME, NAME).await
            }
            Err(error) => {
                tracing::warn!(%error, "a long text cannot be kept, and has no link");
                None
            }
        }
    }
}
